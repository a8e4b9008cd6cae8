# tests/host/microkernel/qemu_tree.cmake - cmake -Dqemu=... -Ddtc=... -Dtree=FILE.dtb -P qemu_tree.cmake -- QEMU's arguments
#
# Dumps the device tree of a machine and takes off QEMU's padding to a megabyte. Quiet unless it fails.

math(EXPR last "${CMAKE_ARGC} - 1")
set(arguments)
foreach(n RANGE ${last})
    if(DEFINED seen)
        list(APPEND arguments ${CMAKE_ARGV${n}})
    elseif(CMAKE_ARGV${n} STREQUAL "--")
        set(seen TRUE)
    endif()
endforeach()

set(padded ${tree}.padded)
execute_process(
    COMMAND ${qemu} -nodefaults -display none -cpu cortex-a72
            -machine virt,dtb-randomness=off,dumpdtb=${padded} ${arguments}
    COMMAND_ERROR_IS_FATAL ANY ERROR_VARIABLE ignored TIMEOUT 30
)
execute_process(
    COMMAND ${dtc} -q -I dtb -O dtb -o ${tree} ${padded}
    COMMAND_ERROR_IS_FATAL ANY
)
file(REMOVE ${padded})
