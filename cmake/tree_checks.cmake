# cmake/tree_checks.cmake - what a machine can see in the tree and in the images: ctest `format`,
# `sources` and `images`, and the build target `lint`.

set(rooms abi apps base clients libsys libvirtio microkernel proto servers tests tools)
set(globs)
foreach(room ${rooms})
    list(APPEND globs ${CMAKE_SOURCE_DIR}/${room}/*.hpp ${CMAKE_SOURCE_DIR}/${room}/*.cpp)
endforeach()
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${globs} ${CMAKE_SOURCE_DIR}/cmake/freestanding/*.h)

find_program(clang_format clang-format-19 REQUIRED)
string(JOIN "\n" source_lines ${sources})
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/sources.txt CONTENT "${source_lines}\n")
add_test(NAME format COMMAND
    ${clang_format} --dry-run -Werror --style=file --files=${CMAKE_BINARY_DIR}/sources.txt
)

add_test(NAME sources COMMAND
    ${CMAKE_COMMAND} -Dlist=${CMAKE_BINARY_DIR}/sources.txt
    -P ${CMAKE_SOURCE_DIR}/cmake/check_sources.cmake
)
set_tests_properties(format sources PROPERTIES LABELS host TIMEOUT 60)

if(NOT VIREO_NO_TARGET)
    add_test(NAME images COMMAND
        ${CMAKE_COMMAND} -Dtree=${VIREO_TARGET_DIR} -P ${CMAKE_SOURCE_DIR}/cmake/check_images.cmake
    )
    set_tests_properties(images PROPERTIES LABELS host TIMEOUT 60)
endif()

# Slow, so it is no test: static analysis of both trees. tests/rejects is wrong on purpose.
list(TRANSFORM rooms REPLACE "^tests$" "tests/(host|model|fuzz|system)")
string(JOIN "|" room_pattern ${rooms})
foreach(tree ${CMAKE_BINARY_DIR} ${VIREO_TARGET_DIR})
    list(APPEND lint_commands
        COMMAND run-clang-tidy-19 -quiet -p ${tree} "^${CMAKE_SOURCE_DIR}/(${room_pattern})/"
    )
endforeach()
add_custom_target(lint ${lint_commands} VERBATIM USES_TERMINAL)
