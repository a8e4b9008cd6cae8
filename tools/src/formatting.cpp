// formatting.cpp - compiles {fmt} once for the whole tool. Its header-only form would compile the
// same code into every file that prints, and Debian's library is built with another standard
// library.
#include <fmt/format-inl.h>

template char fmt::detail::decimal_point_impl(fmt::detail::locale_ref);
template fmt::detail::thousands_sep_result<char>
    fmt::detail::thousands_sep_impl(fmt::detail::locale_ref);
