// call_names.cpp - what the kernel's calls and errors are called, as their enumerators are.
#include "call_names.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <abi/syscall.hpp>
#include <fmt/format.h>

namespace vireo {
namespace {

// The compiler's name of this function ends with "[V = abi::Syscall::map_device]", or with a number
// in parentheses in front where there is no such enumerator.
template <auto V>
consteval std::string_view spelled()
{
    std::string_view name{__PRETTY_FUNCTION__};
    name.remove_prefix(name.find("V = ") + 4);
    name.remove_suffix(1);
    if (name.starts_with('('))
        return {};
    return name.substr(name.rfind(':') + 1);
}

template <class E, usize... N>
consteval auto table(std::index_sequence<N...>)
{
    return std::array{spelled<static_cast<E>(N)>()...};
}

constexpr auto calls = table<abi::Syscall>(std::make_index_sequence<usize{abi::syscall_count}>{});
constexpr auto errors = table<Errc>(std::make_index_sequence<128>{});

std::string name_in(const auto& names, u64 number, std::string_view what)
{
    const bool known = number < names.size() && !names[number].empty();
    return known ? std::string{names[number]} : fmt::format("{} {}", what, number);
}

}  // namespace

std::string call_name(u64 number) { return name_in(calls, number, "call"); }
std::string error_name(u64 number) { return name_in(errors, number, "error"); }

}  // namespace vireo
