# cmake --install: the program, libinkling (shared and static), its header, and how pkg-config and CMake find them.
include(CMakePackageConfigHelpers)

install(FILES include/inkling.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS inkling inkling_static EXPORT InklingTargets)
if(TARGET ink_command)
  install(TARGETS ink_command)
endif()

# The program writes its own manual page and completions, where it can run.
if(TARGET ink_command AND NOT CMAKE_CROSSCOMPILING)
  set(words ${PROJECT_BINARY_DIR}/words)
  file(MAKE_DIRECTORY ${words})
  add_custom_command(
    OUTPUT ${words}/inkling.1 ${words}/inkling ${words}/_inkling ${words}/inkling.fish
    COMMAND ink_command help --man > ${words}/inkling.1
    COMMAND ink_command help --completion bash > ${words}/inkling
    COMMAND ink_command help --completion zsh > ${words}/_inkling
    COMMAND ink_command help --completion fish > ${words}/inkling.fish
    DEPENDS ink_command COMMENT "Manual page and completions" VERBATIM)
  add_custom_target(ink_words ALL DEPENDS ${words}/inkling.1)
  install(FILES ${words}/inkling.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${words}/inkling DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${words}/_inkling DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${words}/inkling.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

# The prefix is found from where the file lies, so that an installed tree can be moved. A folder that was given as an
# absolute path stays one.
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_to_prefix ${pc_to_prefix})
set(pc_libdir "\${prefix}")
set(pc_includedir "\${prefix}")
cmake_path(APPEND pc_libdir "${CMAKE_INSTALL_LIBDIR}")
cmake_path(APPEND pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
configure_file(cmake/inkling.pc.in inkling.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/inkling.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Inkling)
configure_package_config_file(cmake/InklingConfig.cmake.in InklingConfig.cmake INSTALL_DESTINATION ${package_dir})
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(InklingConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/InklingConfig.cmake ${PROJECT_BINARY_DIR}/InklingConfigVersion.cmake
        DESTINATION ${package_dir})
install(EXPORT InklingTargets NAMESPACE Inkling:: DESTINATION ${package_dir})
