# cmake/check_images.cmake - what must hold for every image in the target tree `tree`: no segment is
# writable and executable, nothing is initialised at run time, the kernel knows no virtio,
# nothing of tracing or of faults is in it, and what is for tests is in the checked one only.

find_program(readelf llvm-readelf-19 REQUIRED)
find_program(nm llvm-nm-19 REQUIRED)
set(complaints)

function(output_of result)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
    set(${result} "${text}" PARENT_SCOPE)
endfunction()

file(GLOB programs ${tree}/programs/*.elf)
if(NOT programs)
    message(FATAL_ERROR "no programs in ${tree}")
endif()
set(kernel ${tree}/microkernel/kernel.elf)
foreach(image ${programs} ${kernel})
    output_of(layout ${readelf} --segments --sections --wide ${image})
    if(layout MATCHES "LOAD[^\n]* RWE ")
        list(APPEND complaints "${image}: a segment is writable and executable")
    endif()
    if(layout MATCHES "\\.init_array|\\.ctors")
        list(APPEND complaints "${image}: a global has a dynamic initialiser")
    endif()
endforeach()

output_of(symbols ${nm} --demangle ${kernel})
if(symbols MATCHES "[^\n]*[vV]irtio[^\n]*")
    list(APPEND complaints "${kernel}: ${CMAKE_MATCH_0}")
endif()
# What only the checked kernel has, and must have.
output_of(checked_symbols ${nm} --demangle ${tree}/microkernel/kernel-checked.elf)
if(symbols MATCHES "[^\n]*kernel::checks::[^\n]*")
    list(APPEND complaints "${kernel}: ${CMAKE_MATCH_0}")
endif()
if(NOT checked_symbols MATCHES "kernel::checks::refused_in")
    list(APPEND complaints "${kernel}: the checked kernel cannot refuse allocations")
endif()
# Trace points are empty in what is shipped.
if(symbols MATCHES "[^\n]*(trace::|vireo_trace)[^\n]*")
    list(APPEND complaints "${kernel}: ${CMAKE_MATCH_0}")
endif()
# Nothing of the injector either.
output_of(fault_symbols ${nm} --demangle ${tree}/microkernel/kernel-fault.elf)
if(symbols MATCHES "[^\n]*(fault::|end_by_order)[^\n]*")
    list(APPEND complaints "${kernel}: ${CMAKE_MATCH_0}")
endif()
if(NOT fault_symbols MATCHES "kernel::fault::inject")
    list(APPEND complaints "${kernel}: the kernel that injects faults has no injector")
endif()

if(complaints)
    string(JOIN "\n" text ${complaints})
    message(FATAL_ERROR "${text}")
endif()
