# cmake/precompiled.cmake - the headers of the standard library and of Catch2 are parsed once for each set
# of flags, not once a file: it halves the time of a build from nothing.
#
# A compiler cache needs sloppiness "pch_defines,time_macros" to keep what is compiled with them.

# precompile(TARGET HEADER [SANITIZE which] [OPTIMISED]) - compiles it with cmake/precompiled/HEADER.hpp. All
# targets that say the same share one; a target with other flags of its own is not for this function.
function(precompile target header)
    cmake_parse_arguments(PARSE_ARGV 2 arg "OPTIMISED" "SANITIZE" "")
    string(MAKE_C_IDENTIFIER "precompiled_${header}_${arg_SANITIZE}_${arg_OPTIMISED}" owner)
    if(NOT TARGET ${owner})
        add_library(${owner} OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled/empty.cpp)
        precompile_alone(${owner} ${header})
        if(arg_SANITIZE)
            sanitize(${owner} "${arg_SANITIZE}")
        endif()
        if(arg_OPTIMISED)
            optimise(${owner})
        endif()
    endif()
    if(arg_OPTIMISED)
        optimise(${target})
    endif()
    target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()

# On the host, where nothing else is.
function(optimise target)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
endfunction()

# The same for a target with flags of its own.
function(precompile_alone target header)
    target_precompile_headers(${target} PRIVATE
        "$<$<COMPILE_LANGUAGE:CXX>:${CMAKE_SOURCE_DIR}/cmake/precompiled/${header}.hpp>")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Xclang$<SEMICOLON>-fno-pch-timestamp>)
endfunction()
