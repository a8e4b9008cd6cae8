# cmake/host_tests.cmake - the functions of the build language that exist in the host tree only.
#
# Labels select in ctest: host (units, compile-fail), fuzz, system (boots the image), machine (the same, and
# says which machine), matrix and at-... (tests/system/matrix), and what a system_test adds ("full": long
# ones, "budget": figures).

find_program(symbolizer llvm-symbolizer-19)
set(test_environment
    "ASAN_SYMBOLIZER_PATH=${symbolizer}"
    "UBSAN_SYMBOLIZER_PATH=${symbolizer}"
    "TSAN_OPTIONS=external_symbolizer_path=${symbolizer}"
    "UBSAN_OPTIONS=print_stacktrace=1"
)

# sanitize(TARGET "address,undefined") - compiles and links a target with sanitizers that stop at
# the first finding; nothing for an empty list.
function(sanitize target which)
    if(NOT which)
        return()
    endif()
    set(flags -fsanitize=${which} -fno-sanitize-recover=all)
    target_compile_options(${target} PRIVATE ${flags})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
        target_link_options(${target} PRIVATE ${flags})
    else()
        target_link_options(${target} INTERFACE ${flags})
    endif()
endfunction()

# Sets `result` to the object library with main() that fits these sanitizers.
function(catch_main_for which result)
    string(MAKE_C_IDENTIFIER "catch_main_${which}" main)
    if(NOT TARGET ${main})
        add_library(${main} OBJECT ${CMAKE_SOURCE_DIR}/tests/host/catch_main.cpp)
        target_link_libraries(${main} PRIVATE Catch2::Catch2)
        sanitize(${main} "${which}")
    endif()
    set(${result} ${main} PARENT_SCOPE)
endfunction()

# host_test(NAME SOURCES a.cpp ... [LINKS room ...] [INCLUDES dir ...] [SANITIZE which] [HOOKED b.cpp ...])
# SANITIZE replaces the tree's sanitizers: `thread` for a test of header-only code, `none`. HOOKED: more sources,
# compiled so that each access to memory calls a function of the thread sanitizer, which the test has itself.
function(host_test name)
    if(NOT BUILD_TESTING)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SANITIZE" "SOURCES;LINKS;INCLUDES;HOOKED")
    set(which "${VIREO_SANITIZE}")
    if(arg_SANITIZE)
        string(REGEX REPLACE "^none$" "" which "${arg_SANITIZE}")
    endif()
    catch_main_for("${which}" main)
    add_executable(${name} ${arg_SOURCES} ${arg_HOOKED} $<TARGET_OBJECTS:${main}>)
    if(arg_HOOKED)
        set(optimised OPTIMISED)
        set(hooks -fsanitize=thread -mllvm=-tsan-instrument-func-entry-exit=0 -mllvm=-tsan-instrument-read-before-write=1)
        set_source_files_properties(${arg_HOOKED} PROPERTIES COMPILE_OPTIONS "${hooks}" SKIP_PRECOMPILE_HEADERS ON)
    endif()
    sanitize(${name} "${which}")
    precompile(${name} test SANITIZE "${which}" ${optimised})
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${arg_INCLUDES})
    target_link_libraries(${name} PRIVATE ${arg_LINKS} Catch2::Catch2)
    # Without the warning a name that Catch reads as something else would pass by running nothing.
    catch_discover_tests(${name}
        EXTRA_ARGS --warn NoTests
        TEST_PREFIX "${name}/"
        PROPERTIES TIMEOUT 60 LABELS host ENVIRONMENT "${test_environment}"
    )
endfunction()

# rejects(NAME SOURCE file.cpp [LINKS room ...] [MESSAGE regex] [ON_TARGET]) - the file must not
# compile, and the compiler must say MESSAGE. ON_TARGET: with the target's flags.
function(rejects name)
    if(NOT BUILD_TESTING)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "ON_TARGET" "SOURCE;MESSAGE" "LINKS")
    # Never built: it only works out the include directories that the links give.
    string(MAKE_C_IDENTIFIER "rejects_${name}" target)
    add_library(${target} OBJECT EXCLUDE_FROM_ALL ${arg_SOURCE})
    target_link_libraries(${target} PRIVATE ${arg_LINKS})
    get_filename_component(source ${arg_SOURCE} ABSOLUTE)
    set(flags "${CMAKE_CXX_FLAGS}")
    if(arg_ON_TARGET)
        include(${CMAKE_SOURCE_DIR}/cmake/aarch64-none-elf.cmake)
        set(flags "--target=aarch64-none-elf -mgeneral-regs-only ${CMAKE_CXX_FLAGS_INIT}")
    endif()
    separate_arguments(flags UNIX_COMMAND "${flags}")
    set(directories "$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>")
    add_test(NAME "rejects: ${name}" COMMAND_EXPAND_LISTS COMMAND
        ${CMAKE_COMMAND} "-Dmessage=${arg_MESSAGE}"
        -P ${CMAKE_SOURCE_DIR}/cmake/expect_rejection.cmake --
        ${CMAKE_CXX_COMPILER} ${flags} -std=c++23 -fsyntax-only -Wall -Wextra -Wconversion -Werror
        "$<$<BOOL:${directories}>:-I$<JOIN:${directories},;-I>>"
        ${source}
    )
    set_tests_properties("rejects: ${name}" PROPERTIES LABELS "host" TIMEOUT 60)
endfunction()

# fuzz_target(NAME SOURCES a.cpp ... [LINKS room ...] [CORPUS dir] [INCLUDES dir ...] [SOAK inputs]) - a libFuzzer
# target; ctest runs its corpus and then some seconds more, from a fixed seed. SOAK: so many million inputs more,
# in five parts of two tests each, labels soak-1 to soak-5. 50 million together, of all targets.
function(fuzz_target name)
    if(NOT BUILD_TESTING)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS;SOAK" "SOURCES;LINKS;INCLUDES")
    add_executable(${name} ${arg_SOURCES})
    sanitize(${name} "fuzzer,address,undefined")
    precompile(${name} host SANITIZE "fuzzer,address,undefined" OPTIMISED)  # thrice the inputs in a time
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${arg_INCLUDES})
    # libFuzzer's own runtime is built against libstdc++; clang would turn a plain -lstdc++ into libc++.
    target_link_libraries(${name} PRIVATE ${arg_LINKS} -Wl,-lstdc++)
    set(found ${CMAKE_CURRENT_BINARY_DIR}/${name}.corpus)
    file(MAKE_DIRECTORY ${found})
    if(arg_CORPUS)
        get_filename_component(corpus ${arg_CORPUS} ABSOLUTE)
    endif()
    add_test(NAME "fuzz: ${name}" COMMAND
        ${name} -seed=1 -max_total_time=3 -timeout=10 -print_final_stats=1
        -artifact_prefix=${found}/ ${found} ${corpus}
    )
    set_tests_properties("fuzz: ${name}" PROPERTIES
        LABELS fuzz TIMEOUT 60 ENVIRONMENT "${test_environment}"
    )
    if(arg_SOAK)
        soak(${name} ${arg_SOAK} ${corpus})
    endif()
endfunction()

# The long runs of a fuzz target; what they find is kept for the next ones.
function(soak name millions corpus)
    set(found ${CMAKE_CURRENT_BINARY_DIR}/${name}.soak)
    file(MAKE_DIRECTORY ${found})
    foreach(seed RANGE 1 10)
        math(EXPR part "(${seed} + 1) / 2")
        math(EXPR inputs "${millions} * 100000")
        add_test(NAME "soak: ${name} ${seed}" COMMAND
            ${name} -seed=${seed} -runs=${inputs} -max_len=300 -timeout=25 -print_final_stats=1
            -artifact_prefix=${found}/ ${found} ${corpus}
        )
        set_tests_properties("soak: ${name} ${seed}" PROPERTIES
            LABELS soak-${part} TIMEOUT 600 ENVIRONMENT "${test_environment};ASAN_OPTIONS=malloc_context_size=1"
        )
    endforeach()
endfunction()

# system_test(NAME SYSTEM file.toml [ARGS ...] [POINT label] [LABELS more ...] [TIMEOUT seconds]) - boots
# the system by the tool; passes when the guest's verdict is 0. POINT: one of the matrix of machines.
function(system_test name)
    if(NOT BUILD_TESTING)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SYSTEM;POINT;TIMEOUT" "ARGS;LABELS")
    set(system ${CMAKE_CURRENT_SOURCE_DIR}/${arg_SYSTEM})
    if(NOT EXISTS ${system})
        set(system ${arg_SYSTEM})
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    set(kind system)
    if(arg_POINT)
        set(kind matrix ${arg_POINT})
    elseif(arg_ARGS MATCHES "--(cpus|cpu|gic|legacy)|-icount")  # what is exact is so on one machine
        set(kind machine)
    endif()
    add_test(NAME "system: ${name}"
        COMMAND ${CMAKE_SOURCE_DIR}/tools/vireo run --no-build ${system} ${arg_ARGS}
    )
    set_tests_properties("system: ${name}" PROPERTIES
        LABELS "${kind};${arg_LABELS}"
        TIMEOUT ${arg_TIMEOUT}
        ENVIRONMENT "VIREO_NO_BUILD=1;VIREO_TARGET_DIR=${VIREO_TARGET_DIR}"
    )
endfunction()
