# cmake/expect_rejection.cmake - runs the compiler command after `--`; it must fail, and its output
# must match the regular expression `message` if there is one.

set(command)
set(after FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
    if(after)
        list(APPEND command "${CMAKE_ARGV${i}}")
    elseif(CMAKE_ARGV${i} STREQUAL "--")
        set(after TRUE)
    endif()
endforeach()

execute_process(COMMAND ${command} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
    message(FATAL_ERROR "compiled, and must not")
endif()
if(NOT output MATCHES "error: ")
    message(FATAL_ERROR "the compiler itself failed (${status}):\n${output}")
endif()
if(message AND NOT output MATCHES "${message}")
    message(FATAL_ERROR "failed for another reason than \"${message}\":\n${output}")
endif()
