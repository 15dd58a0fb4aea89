# cmake --install: the program, both libraries, the header, pkg-config and CMake packages.
install(FILES include/inkling.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS inkling inkling_static EXPORT InklingTargets)
if(TARGET ink_command)
  install(TARGETS ink_command)
endif()
