# The CUDA backend. Its kernels are compiled for the host everywhere, for tests (ink_cuda_host); and, with NVIDIA's nvcc,
# for GPUs: the plug-in libinkling-cuda.so, which the program opens when a GPU is asked for.
#   INK_CUDA        AUTO: when nvcc is found, save under sanitizers and in cross builds · ON: must be · OFF
#   INK_CUDA_ARCHS  GPUs to compile for, as in sm_90; the last also as PTX, which drivers compile for newer ones.
#                   Few by default, quick to build: `make cuda` (the preset cuda) has all that the toolkit knows, and
#                   PTX for sm_80 and later too: what is in between need not be known
set(INK_CUDA AUTO CACHE STRING "Build the CUDA plug-in: AUTO, ON or OFF")
set(INK_CUDA_ARCHS 80 90 CACHE STRING "Compute capabilities to compile for, without the dot; all: every one from 75")

file(GLOB cuda_plans CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/ops/cuda/*.c)
file(GLOB cuda_kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/ops/cuda/kern_*.cu)
file(GLOB cuda_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/ops/cuda/*.h)
file(GLOB core_texts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/core/*both.h ${PROJECT_SOURCE_DIR}/src/core/warp.h
     ${PROJECT_SOURCE_DIR}/src/core/augment.h ${PROJECT_SOURCE_DIR}/src/core/rng.h)
set(cuda_room ${PROJECT_SOURCE_DIR}/src/ops/cuda)
list(REMOVE_ITEM cuda_plans ${cuda_room}/load.c ${cuda_room}/absent.c ${cuda_room}/device_cuda.c)

set(ink_has_cuda OFF)
if(INK_CUDA STREQUAL "ON" OR (INK_CUDA STREQUAL "AUTO" AND NOT INK_SANITIZE AND NOT CMAKE_CROSSCOMPILING
                              AND NOT INK_LIBRARY_ONLY))
  find_program(INK_NVCC nvcc HINTS /usr/local/cuda/bin)
  if(INK_NVCC)
    get_filename_component(cuda_home ${INK_NVCC} REALPATH)
    get_filename_component(cuda_home ${cuda_home}/../.. ABSOLUTE)
    find_path(INK_CUDA_INCLUDE cuda_runtime_api.h HINTS ${cuda_home}/include ${cuda_home}/targets/x86_64-linux/include)
    find_library(INK_CUDART cudart_static HINTS ${cuda_home}/lib64 ${cuda_home}/targets/x86_64-linux/lib)
  endif()
  if(INK_NVCC AND INK_CUDA_INCLUDE AND INK_CUDART)
    set(ink_has_cuda ON)
  elseif(INK_CUDA STREQUAL "ON")
    message(FATAL_ERROR "INK_CUDA is ON, but nvcc, cuda_runtime_api.h or libcudart_static.a is missing")
  endif()
endif()

if(ink_has_cuda)
  set(archs ${INK_CUDA_ARCHS})
  if(archs STREQUAL "all")
    execute_process(COMMAND ${INK_NVCC} --list-gpu-arch OUTPUT_VARIABLE known OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REGEX MATCHALL "[0-9]+" known "${known}")
    set(archs)
    foreach(arch 75 80 86 89 90 100 120)
      if(arch IN_LIST known)
        list(APPEND archs ${arch})
      endif()
    endforeach()
  endif()
  set(targets)
  if(INK_CUDA_ARCHS STREQUAL "all" AND 80 IN_LIST archs)
    list(APPEND targets -gencode arch=compute_80,code=compute_80)
  endif()
  foreach(arch ${archs})
    list(APPEND targets -gencode arch=compute_${arch},code=sm_${arch})
  endforeach()
  list(GET archs -1 newest)
  list(APPEND targets -gencode arch=compute_${newest},code=compute_${newest})
  message(STATUS "CUDA: the plug-in is built by ${INK_NVCC} for sm_${archs} and PTX")

  # --fmad=false: products and sums are rounded as the host's are; where they are meant to be one, the text says fmaf.
  set(cuda_options -std=c++17 -O3 --fmad=false -Werror all-warnings --diag-suppress=550)
  set(cuda_includes -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/src)
  set(objects)
  foreach(source ${cuda_kernels})
    get_filename_component(name ${source} NAME_WE)
    set(object ${PROJECT_BINARY_DIR}/cuda/${name}.o)
    set(within)
    if(name STREQUAL kern_step) # it has the others in it
      set(within ${cuda_kernels})
    endif()
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${INK_NVCC} ${cuda_options} -Xcompiler=-fPIC,-fvisibility=hidden ${targets} ${cuda_includes} -c ${source} -o ${object}
      DEPENDS ${source} ${within} ${cuda_headers} ${PROJECT_SOURCE_DIR}/src/ops/graph.h ${core_texts}
      COMMENT "CUDA kernels ${name}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/cuda)

  add_library(ink_cuda MODULE ${cuda_plans} ${cuda_room}/device_cuda.c ${objects})
  set_target_properties(ink_cuda PROPERTIES OUTPUT_NAME inkling-cuda LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_compile_definitions(ink_cuda PRIVATE INK_CUDA_VERSION="${PROJECT_VERSION}")
  target_include_directories(ink_cuda PRIVATE include src)
  target_include_directories(ink_cuda SYSTEM PRIVATE ${INK_CUDA_INCLUDE})
  target_link_libraries(ink_cuda PRIVATE inkling_static ${INK_CUDART} ${CMAKE_DL_LIBS} rt stdc++)
  target_link_options(ink_cuda PRIVATE -Wl,--no-undefined -Wl,--exclude-libs,ALL)

  # Where the program finds it once installed, seen from the program's folder.
  file(RELATIVE_PATH cuda_folder ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/inkling)
  set(cuda_door ${cuda_room}/load.c)
  set_property(SOURCE ${cuda_door} APPEND PROPERTY COMPILE_DEFINITIONS INK_CUDA_FOLDER="${cuda_folder}")
  install(TARGETS ink_cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/inkling)
else()
  message(STATUS "CUDA: left out (INK_CUDA is ${INK_CUDA}; nvcc: ${INK_NVCC})")
  set(cuda_door ${cuda_room}/absent.c)
endif()

if(BUILD_TESTING)
  # The kernels' text is C as well (src/ops/cuda/kern.h): no nvcc, no GPU.
  set_source_files_properties(${cuda_kernels} PROPERTIES LANGUAGE C)
  add_library(ink_cuda_host STATIC EXCLUDE_FROM_ALL ${cuda_plans} ${cuda_kernels} tests/ops/cuda/host_device.c)
  target_include_directories(ink_cuda_host PUBLIC include src)
  target_include_directories(ink_cuda_host PRIVATE tests/ops/cuda)
  target_link_libraries(ink_cuda_host PUBLIC inkling_static)
  # nvcc's PTX, done on the host (tests/ops/cuda/ptx.h).
  file(GLOB ptx_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/ops/cuda/ptx_*.c)
  add_library(ink_ptx STATIC EXCLUDE_FROM_ALL ${ptx_sources})
  target_include_directories(ink_ptx PUBLIC tests/ops/cuda)
  target_link_libraries(ink_ptx PUBLIC m)
  if(ink_has_cuda)
    # A plug-in that computes on the host: tests/e2e/gpu.sh gives it to the program.
    add_library(ink_cuda_test MODULE tests/ops/cuda/host_plugin.c)
    set_target_properties(ink_cuda_test PROPERTIES
      OUTPUT_NAME inkling-cuda LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/host-plugin)
    target_compile_definitions(ink_cuda_test PRIVATE INK_CUDA_VERSION="${PROJECT_VERSION}")
    target_include_directories(ink_cuda_test PRIVATE tests/ops/cuda)
    target_link_libraries(ink_cuda_test PRIVATE ink_cuda_host)

    # The plug-in over a simulated GPU (tests/ops/cuda/sim.h), which does the kernels' PTX: tests/e2e/simulated_gpu.sh.
    set(texts)
    foreach(source ${cuda_kernels})
      get_filename_component(name ${source} NAME_WE)
      set(text ${PROJECT_BINARY_DIR}/cuda/${name}.ptx)
      set(within)
      if(name STREQUAL kern_step)
        set(within ${cuda_kernels})
      endif()
      add_custom_command(
        OUTPUT ${text}
        COMMAND ${INK_NVCC} ${cuda_options} -arch=compute_80 ${cuda_includes} -ptx ${source} -o ${text}
        DEPENDS ${source} ${within} ${cuda_headers} ${PROJECT_SOURCE_DIR}/src/ops/graph.h ${core_texts}
        COMMENT "PTX of ${name}" VERBATIM)
      list(APPEND texts ${text})
    endforeach()
    list(JOIN texts ":" paths)
    add_custom_target(ink_cuda_ptx DEPENDS ${texts})
    add_library(ink_cuda_simulated MODULE ${cuda_plans} ${cuda_room}/device_cuda.c tests/ops/cuda/sim_runtime.c
                tests/ops/cuda/sim_work.c)
    add_dependencies(ink_cuda_simulated ink_cuda_ptx)
    set_target_properties(ink_cuda_simulated PROPERTIES
      OUTPUT_NAME inkling-cuda LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/simulated-plugin)
    target_compile_definitions(ink_cuda_simulated PRIVATE INK_CUDA_VERSION="${PROJECT_VERSION}" INK_SIM_PTX="${paths}")
    target_include_directories(ink_cuda_simulated PRIVATE include src tests/ops/cuda)
    target_include_directories(ink_cuda_simulated SYSTEM PRIVATE ${INK_CUDA_INCLUDE})
    target_link_libraries(ink_cuda_simulated PRIVATE ink_ptx inkling_static)
    target_link_options(ink_cuda_simulated PRIVATE -Wl,--no-undefined -Wl,--exclude-libs,ALL)
  else() # what an earlier configuration left, tests would take
    file(REMOVE_RECURSE ${PROJECT_BINARY_DIR}/tests/host-plugin ${PROJECT_BINARY_DIR}/tests/simulated-plugin)
  endif()
endif()
