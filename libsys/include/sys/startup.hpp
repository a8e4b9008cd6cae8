// sys/startup.hpp - what a program was given at its start: its name, its handles, its arguments.
// There is no other way to reach anything.
//
// A server defines   Result<> run(const sys::Startup& given);   which returns only when it cannot
// go on; an app defines     int app_main(const sys::Startup& given);   whose result is the exit
// code of the process. A program defines one of the two, and links the other from libsys.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include <abi/boot.hpp>
#include <base/text.hpp>
#include <sys/handle.hpp>

namespace sys {

class Startup {
public:
    explicit Startup(const abi::Startup& page) : page_{&page} {}

    std::string_view name() const { return text::of(page_->name); }
    u32 epoch() const { return page_->epoch; }

    // The index-th handle of this name, which stays the process's for good. Errors: not_found,
    // wrong_kind.
    template <Object T>
    Result<Borrowed<T>> grant(std::string_view what, u32 index = 0) const
    {
        for (const abi::Grant& g : grants())
            if (g.index == index && text::of(g.name) == what) {
                if (g.kind != static_cast<u32>(T::kind))
                    return fail(Errc::wrong_kind);
                return Borrowed<T>{g.slot};
            }
        return fail(Errc::not_found);
    }

    std::span<const abi::Grant> grants() const
    {
        return std::span{page_->grants}.first(std::min<usize>(page_->grant_count, abi::max_grants));
    }

    u32 argument_count() const { return page_->argument_count; }

    // The n-th argument, counted from 0; empty if there are fewer.
    std::string_view argument(u32 n) const
    {
        std::string_view rest{page_->arguments.data(),
                              std::min<usize>(page_->argument_bytes, page_->arguments.size())};
        for (; n > 0 && !rest.empty(); --n)
            rest.remove_prefix(std::min(rest.find('\0'), rest.size() - 1) + 1);
        return rest.substr(0, rest.find('\0'));
    }

private:
    const abi::Startup* page_;
};

}  // namespace sys

Result<> run(const sys::Startup& given);
int app_main(const sys::Startup& given);

// What both are called by. Only init, whose argument is an abi::BootInfo, defines it itself.
int program_main(const void* argument);
