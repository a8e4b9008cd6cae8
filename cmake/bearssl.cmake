# cmake/bearssl.cmake - SHA-256 of BearSSL (MIT licence), as library `bearssl` for both trees.
# tools/fetch-sources puts the sources where this looks.

file(STRINGS ${CMAKE_SOURCE_DIR}/tools/sources.lock line REGEX "^bearssl ")
string(REGEX MATCH "bearssl-[^ ]+" folder "${line}")
set(cache "$ENV{XDG_CACHE_HOME}")
if(NOT cache)
    set(cache "$ENV{HOME}/.cache")
endif()
set(default_folder "${cache}/vireo/sources/${folder}")
if(DEFINED ENV{BEARSSL_SOURCE_DIR})
    set(default_folder "$ENV{BEARSSL_SOURCE_DIR}")
endif()
set(BEARSSL_SOURCE_DIR "${default_folder}" CACHE PATH "Unpacked sources of BearSSL")

if(NOT EXISTS ${BEARSSL_SOURCE_DIR}/inc/bearssl.h)
    message(FATAL_ERROR
        "${BEARSSL_SOURCE_DIR} is not BearSSL: run tools/fetch-sources, or set BEARSSL_SOURCE_DIR"
    )
endif()

set(bearssl_files
    codec/dec32be.c
    codec/enc32be.c
    hash/sha2small.c
)
list(TRANSFORM bearssl_files PREPEND ${BEARSSL_SOURCE_DIR}/src/)

add_library(bearssl STATIC ${bearssl_files})
target_include_directories(bearssl SYSTEM PUBLIC ${BEARSSL_SOURCE_DIR}/inc)
target_include_directories(bearssl PRIVATE ${BEARSSL_SOURCE_DIR}/src)
target_compile_definitions(bearssl PRIVATE BR_USE_UNIX_TIME=0 BR_USE_URANDOM=0 BR_USE_GETENTROPY=0)
target_compile_options(bearssl PRIVATE -w -ffile-prefix-map=${BEARSSL_SOURCE_DIR}=bearssl)
