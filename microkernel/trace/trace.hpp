// trace/trace.hpp - notes what the kernel does in the traced flavour; in the others nothing is left
// of it. Called under the kernel's lock, or before there is a second CPU.
#pragma once

#include "memory/address.hpp"

#include <string_view>

#include <abi/trace.hpp>

namespace kernel {

class Process;
class Thread;

#ifdef VIREO_TRACED
inline constexpr bool traced = true;
#else
inline constexpr bool traced = false;
#endif

namespace trace {

using Kind = abi::TraceKind;

void write(Kind kind, u64 first, u64 second);
void write_name(const Process& process);
void write_name(const Thread& thread);
void write_text(std::string_view line);

inline u32 id(const void* object) { return static_cast<u32>(physical(object).raw() / 16); }

// What the thread of this CPU does, or is done by nobody.
inline void note(Kind kind, u64 first = 0, u64 second = 0)
{
    if constexpr (traced)
        write(kind, first, second);
}
inline void made(const auto& object)
{
    if constexpr (traced)
        write_name(object);
}
inline void text(std::string_view line)
{
    if constexpr (traced)
        write_text(line);
}

}  // namespace trace

}  // namespace kernel
