# cmake/rooms.cmake - the build language: room, program, host_test, rejects, fuzz_target, system_test.
#
# A room is a library target. Its public headers are all of <folder>/include, and they are visible
# only through a LINKS edge: an include without one does not compile. The target tree compiles every
# public header alone (all_verify_interface_header_sets), so that a header can't lean on its includer.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_LINK_LIBRARIES_ONLY_TARGETS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

include(${CMAKE_CURRENT_LIST_DIR}/precompiled.cmake)

# All subfolders that have a CMakeLists.txt, in alphabetical order after the ones named.
function(add_room_folders)
    file(GLOB found CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} */CMakeLists.txt)
    set(folders ${ARGN})
    foreach(file ${found})
        get_filename_component(folder ${file} DIRECTORY)
        list(APPEND folders ${folder})
    endforeach()
    list(REMOVE_DUPLICATES folders)
    foreach(folder ${folders})
        add_subdirectory(${folder})
    endforeach()
endfunction()

# room(NAME [SOURCES a.cpp ...] [LINKS other_room ...] [OPTIMISED])
# OPTIMISED: on the host, too.
function(room name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "OPTIMISED" "" "SOURCES;LINKS")
    if(arg_OPTIMISED)
        set(optimised OPTIMISED)
    endif()
    if(arg_SOURCES)
        add_library(${name} STATIC ${arg_SOURCES})
        target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
        target_link_libraries(${name} PUBLIC ${arg_LINKS})
        set(scope PUBLIC)
        if(VIREO_TARGET)
            precompile(${name} standard)
        else()
            sanitize(${name} "${VIREO_SANITIZE}")
            precompile(${name} host SANITIZE "${VIREO_SANITIZE}" ${optimised})
        endif()
    else()
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${arg_LINKS})
        set(scope INTERFACE)
    endif()
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/*.hpp)
    if(headers)
        target_sources(${name} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${headers})
        set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ${VIREO_TARGET})
    endif()
endfunction()

# program(NAME SOURCES a.cpp ... [LINKS room ...] [FP]) - a program of the target: programs/NAME.elf.
# FP: its own sources may use FP and SIMD registers.
function(program name)
    if(NOT VIREO_TARGET)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "FP" "" "SOURCES;LINKS")
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${arg_LINKS} libsys)
    target_link_options(${name} PRIVATE -Wl,--image-base=0x400000)
    if(NOT arg_FP)
        precompile(${name} standard)
    endif()
    set_target_properties(${name} PROPERTIES
        SUFFIX .elf
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/programs
        VIREO_FP ${arg_FP}
    )
endfunction()

# kernel_options(TARGET) - flags of the kernel: some of it runs before the MMU, where an access that
# is not aligned faults.
function(kernel_options target)
    target_compile_options(${target} PRIVATE
        $<$<COMPILE_LANGUAGE:C,CXX>:-mgeneral-regs-only>
        $<$<COMPILE_LANGUAGE:C,CXX>:-mstrict-align>
    )
endfunction()

if(NOT VIREO_TARGET)
    include(${CMAKE_CURRENT_LIST_DIR}/host_tests.cmake)
else()
    foreach(name host_test rejects fuzz_target system_test)
        cmake_language(EVAL CODE "function(${name})\nendfunction()")
    endforeach()
endif()
