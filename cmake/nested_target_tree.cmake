# cmake/nested_target_tree.cmake - the host tree builds the target tree, always: one build, one ctest.

include(ExternalProject)
ExternalProject_Add(target_tree
    PREFIX ${CMAKE_BINARY_DIR}/target_tree
    SOURCE_DIR ${CMAKE_SOURCE_DIR}
    BINARY_DIR ${VIREO_TARGET_DIR}
    CMAKE_ARGS
        -DCMAKE_TOOLCHAIN_FILE=${CMAKE_SOURCE_DIR}/cmake/aarch64-none-elf.cmake
        -DCMAKE_BUILD_TYPE=RelWithDebInfo
        -DBEARSSL_SOURCE_DIR=${BEARSSL_SOURCE_DIR}
    BUILD_COMMAND
        ${CMAKE_COMMAND} --build <BINARY_DIR> --target all all_verify_interface_header_sets
    INSTALL_COMMAND ""
    BUILD_ALWAYS ON
)
