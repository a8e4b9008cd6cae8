# cmake/aarch64-none-elf.cmake - how every file of the target is compiled: clang 19, hardened libc++
# headers with our own configuration, no operating system and no C library underneath.
#
# -ffreestanding is left out on purpose: with it an 8-byte std::memcpy is a call instead of one ldr.
# The C headers come after libc++'s, which wrap them.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_ASM_COMPILER clang-19)
foreach(language C CXX ASM)
    set(CMAKE_${language}_COMPILER_TARGET aarch64-none-elf)
endforeach()
set(CMAKE_AR llvm-ar-19)
set(CMAKE_RANLIB llvm-ranlib-19)
set(CMAKE_OBJCOPY llvm-objcopy-19)

set(freestanding ${CMAKE_CURRENT_LIST_DIR}/freestanding)
get_filename_component(source_root ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
string(JOIN " " common
    -mcpu=cortex-a72
    -mno-outline-atomics
    -fno-pic
    -ffunction-sections
    -fdata-sections
    -fno-omit-frame-pointer
    -fno-asynchronous-unwind-tables
    -ftls-model=local-exec
    -nostdlibinc
    # Debug information and source_location name files relative to the tree: any clone builds the
    # same bytes.
    -ffile-prefix-map=${source_root}/=
    -fdebug-compilation-dir=.
)
set(c_headers "-isystem ${freestanding}/c")
string(JOIN " " cxx_headers
    -nostdinc++
    "-isystem ${freestanding}/config"
    "-isystem /usr/lib/llvm-19/include/c++/v1"
)
set(CMAKE_C_FLAGS_INIT "${common} ${c_headers}")
set(CMAKE_CXX_FLAGS_INIT
    "${common} -fno-exceptions -fno-rtti -fno-threadsafe-statics ${cxx_headers} ${c_headers}"
)
set(CMAKE_ASM_FLAGS_INIT "-mcpu=cortex-a72")
string(JOIN " " CMAKE_EXE_LINKER_FLAGS_INIT
    -fuse-ld=lld
    -nostdlib
    -static
    -Wl,--gc-sections,--build-id=none,--fatal-warnings
    -Wl,-z,max-page-size=4096,-z,separate-loadable-segments,-z,norelro
)

foreach(kind LIBRARY INCLUDE PACKAGE)
    set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
