# cmake/host_tree.cmake - what the host tree has in common, and the target tree that it builds.

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Debug)
endif()
# Not optimised: everybody waits for the build (a third of the time of -O1), nobody for a test.
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

set(VIREO_SANITIZE "address,undefined" CACHE STRING "Sanitizers of rooms and tests; empty for none")
set(VIREO_TOOL_ONLY OFF CACHE BOOL "Only the tool: no tests, no target tree")
set(VIREO_NO_TARGET OFF CACHE BOOL "Do not build the target tree")
set(VIREO_TARGET_DIR ${CMAKE_BINARY_DIR}/target CACHE PATH "Where the target tree is built")

if(NOT VIREO_TOOL_ONLY)
    include(CTest)
    find_package(Catch2 2 REQUIRED)
    include(Catch)
endif()
