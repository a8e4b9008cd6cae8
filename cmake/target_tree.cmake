# cmake/target_tree.cmake - what all files of the target tree have in common beside the tool chain.

enable_language(ASM)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
foreach(language C CXX ASM)
    set(CMAKE_${language}_FLAGS_RELWITHDEBINFO "-O2 -g")  # assertions stay in
endforeach()

# Nothing of ours uses FP or SIMD registers unless its program says FP: lazy switching then never
# has to save them.
set(without_fp "$<AND:$<COMPILE_LANGUAGE:C,CXX>,$<NOT:$<BOOL:$<TARGET_PROPERTY:VIREO_FP>>>>")
add_compile_options("$<${without_fp}:-mgeneral-regs-only>")

# There are landing pads (BTI) wherever an indirect branch may go to. The shipped kernel does without (VIREO_NO_PADS): its
# hot paths would get longer.
set(with_pads "$<NOT:$<BOOL:$<TARGET_PROPERTY:VIREO_NO_PADS>>>")
add_compile_options("$<${with_pads}:-mbranch-protection=bti>")
