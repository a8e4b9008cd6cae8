// child.cpp - starting children and waiting for their end.
#include <optional>

#include <check/child.hpp>

namespace check {

namespace {

constexpr u64 stack_bytes = 16 * 1024;
constexpr auto ended_bit = abi::Bits::at(0);

[[clang::no_destroy]] constinit std::optional<sys::Mapping> mapping;
[[clang::no_destroy]] constinit std::optional<sys::Archive> opened;

sys::Borrowed<sys::Memory> archive_memory() { return need(given().grant<sys::Memory>("archive")); }

}  // namespace

const sys::Archive& archive()
{
    if (!opened) {
        mapping.emplace(need(sys::Mapping::create(archive_memory(), sys::read_only)));
        opened.emplace(need(sys::Archive::open(mapping->bytes())));
    }
    return *opened;
}

Child::~Child()
{
    if (process_.valid())
        (void)sys::kill(process());
}

abi::ProcessInfo Child::wait(const Where& where) const
{
    const auto bits = sys::wait(ended_.borrow(), patience());
    if (!bits)
        stop("the child did not end", where);
    return info();
}

Starter::Starter(std::string_view behaviour, const Options& options, const Where& where)
    : launch_{need(sys::Launch::create(self(), archive(), options.image, quota_of(options)),
                   where)},
      priority_{options.priority}
{
    add_argument(behaviour);
    for (const std::string_view argument : options.arguments)
        add_argument(argument);
}

void Starter::add_argument(std::string_view argument)
{
    that(used_ + argument.size() + 1 <= bytes_.size(), "arguments of a child are too long");
    argument.copy(bytes_.data() + used_, argument.size());
    used_ += argument.size() + 1;
    ++count_;
}

Starter& Starter::grant(
    std::string_view name, abi::Slot what, abi::Kind kind, abi::Rights rights, const Where& where)
{
    need(launch_.grant(name, what, kind, rights), where);
    return *this;
}

Starter& Starter::grant_self()
{
    return grant("self", launch_.process().slot, abi::Kind::process,
                 abi::right::manage | abi::right::read | abi::right::duplicate);
}

Starter& Starter::grant_archive()
{
    // What init gave may not travel; the mapping needs a handle of its own: a copy of the bytes.
    const auto bytes = mapping->bytes();
    const auto copy = need(sys::create_memory(Bytes{bytes.size()}));
    const auto here = need(sys::Mapping::create(copy.borrow(), sys::read_write));
    std::memcpy(here.bytes().data(), bytes.data(), bytes.size());
    return grant("archive", copy.slot(), abi::Kind::memory, abi::right::read);
}

Child Starter::run(const Where& where)
{
    auto ended = need(sys::create_notification(), where);
    need(sys::watch(launch_.process(), ended.borrow(), ended_bit), where);
    auto process = need(
        launch_.start(stack_bytes, priority_, {std::span{bytes_}.first(used_), count_}), where);
    return {std::move(process), std::move(ended)};
}

abi::ProcessInfo run_actor(std::string_view behaviour, const Options& options, const Where& where)
{
    Starter starter{behaviour, options, where};
    return starter.run(where).wait(where);
}

}  // namespace check
