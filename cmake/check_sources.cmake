# cmake/check_sources.cmake - what must hold for every source file named in the file `list`: its first
# line says what it is for, a header is included once, and no include leaves its room by a path.

file(STRINGS ${list} sources)
set(complaints)
foreach(source ${sources})
    file(STRINGS ${source} first LIMIT_COUNT 1)
    if(NOT first MATCHES "^// .+ - .+")
        list(APPEND complaints "${source}:1: the first line is not `// path - what it is for`")
    endif()
    file(STRINGS ${source} leaving REGEX "#include.*[\"</]\\.\\./")
    if(leaving)
        list(APPEND complaints "${source}: ${leaving}: name a room's header as <room/header.hpp>")
    endif()
    file(STRINGS ${source} once REGEX "^#pragma once$")
    if(source MATCHES "\\.(h|hpp|inc)$" AND NOT once)
        list(APPEND complaints "${source}: no #pragma once")
    endif()
endforeach()

if(complaints)
    string(JOIN "\n" text ${complaints})
    message(FATAL_ERROR "${text}")
endif()
