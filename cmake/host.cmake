# cmake/host.cmake - how the host's tests, fuzzers and tool are compiled: the same compiler and the
# same standard library as the target, so that shared code means the same on both.

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_FLAGS_INIT "-stdlib=libc++ -fno-omit-frame-pointer -D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_EXTENSIVE")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld")
