# cmake --install: the program, libinkling (shared and static), its header, and how pkg-config and CMake find them.
include(CMakePackageConfigHelpers)

install(FILES include/inkling.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS inkling inkling_static EXPORT InklingTargets)
if(TARGET ink_command)
  install(TARGETS ink_command)
endif()

# The prefix is found from where the file lies, so that an installed tree can be moved.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/inkling.pc.in inkling.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/inkling.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Inkling)
configure_package_config_file(cmake/InklingConfig.cmake.in InklingConfig.cmake INSTALL_DESTINATION ${package_dir})
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(InklingConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/InklingConfig.cmake ${PROJECT_BINARY_DIR}/InklingConfigVersion.cmake
        DESTINATION ${package_dir})
install(EXPORT InklingTargets NAMESPACE Inkling:: DESTINATION ${package_dir})
