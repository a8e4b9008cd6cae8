# cmake/warnings.cmake - the one list of warnings; all of them are errors. Third-party code opts out
# by -w in its own file.

add_compile_options(
    "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wconversion;-Wshadow;-Wpedantic;-Wundef>"
    "$<$<COMPILE_LANGUAGE:CXX>:-Wmissing-declarations;-Wthread-safety;-Werror>"
)
