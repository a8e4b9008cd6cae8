// boot/tree.cpp - tokens, nodes and values of a device tree.
#include "boot/tree.hpp"

namespace kernel {

TreeReader::TreeReader(Blob blob)
{
    if (!open_header(blob))
        fail_with(Errc::malformed);
}

bool TreeReader::open_header(Blob blob)
{
    constexpr u32 magic = 0xd00dfeed;
    constexpr u32 version = 17;
    constexpr usize header_bytes = 40;
    if (blob.size() < header_bytes || big_endian_32(blob, 0) != magic)
        return false;
    const u32 total = big_endian_32(blob, 4);
    if (total < header_bytes || total > blob.size() || big_endian_32(blob, 20) < version
        || big_endian_32(blob, 24) > version)
        return false;
    const u32 structure = big_endian_32(blob, 8);
    const u32 strings = big_endian_32(blob, 12);
    const u32 reservations = big_endian_32(blob, 16);
    const u32 strings_bytes = big_endian_32(blob, 32);
    const u32 structure_bytes = big_endian_32(blob, 36);
    if (!aligned(structure, 4) || !aligned(reservations, 8) || reservations > total
        || !fits(structure, structure_bytes, total) || !fits(strings, strings_bytes, total))
        return false;
    structure_ = blob.subspan(structure, structure_bytes);
    strings_ = blob.subspan(strings, strings_bytes);
    reservations_ = blob.first(total).subspan(reservations);
    return true;
}

// Steps over the token if it is the one that comes next, behind any number of nops.
bool TreeReader::take(Token wanted)
{
    while (fits(at_, 4, structure_.size())) {
        const Token token{big_endian_32(structure_, at_)};
        if (token == wanted)
            return at_ += 4, true;
        if (token != Token::nop)
            return false;
        at_ += 4;
    }
    return false;
}

bool TreeReader::next()
{
    while (error_ == Errc::ok) {
        if (take(Token::begin_node)) {
            if (open_node() && open_[depth_].enabled)
                return true;
        } else if (depth_ > 0 && take(Token::end_node)) {
            --depth_;
        } else {
            return depth_ == 0 && root_seen_ && take(Token::end) ? false : fail_walk();
        }
    }
    return false;
}

// Its name and all its properties.
bool TreeReader::open_node()
{
    if (depth_ == max_depth || (depth_ == 0 && root_seen_))
        return fail_walk();
    root_seen_ = true;
    name_ = zero_terminated(structure_, at_);
    at_ = align_up(at_ + name_.size() + 1, 4);
    values_ = {};
    while (error_ == Errc::ok && take(Token::property))
        if (!take_property())
            return fail_walk();
    const Bus& above = open_[depth_++];
    const bool enabled =
        !has(Property::status) || lists(Property::status, "okay") || lists(Property::status, "ok");
    const bool same = has(Property::ranges) && value(Property::ranges).empty();
    open_[depth_] = {name_,
                     cell(Property::address_cells, 2),
                     cell(Property::size_cells, 1),
                     cell(Property::interrupt_parent, above.interrupt_parent),
                     above.enabled && enabled,
                     depth_ == 1 || (above.transparent && same)};
    return error_ == Errc::ok;
}

bool TreeReader::take_property()
{
    if (!fits(at_, 8, structure_.size()))
        return false;
    const u32 bytes = big_endian_32(structure_, at_);
    const auto name = zero_terminated(strings_, big_endian_32(structure_, at_ + 4));
    if (!fits(at_ + 8, bytes, structure_.size()))
        return false;
    const auto known =
        static_cast<usize>(std::ranges::find(property_names, name) - property_names.begin());
    if (known < values_.size() && values_[known].data() != nullptr)
        return false;  // twice
    if (known < values_.size())
        values_[known] = structure_.subspan(at_ + 8, bytes);
    at_ = align_up(at_ + 8 + bytes, 4);
    return true;
}

std::string_view TreeReader::zero_terminated(Blob bytes, usize at)
{
    const auto rest = bytes.subspan(std::min(at, bytes.size()));
    const auto end = std::ranges::find(rest, std::byte{0});
    if (end == rest.end())
        return fail_with(Errc::malformed), std::string_view{};
    return {reinterpret_cast<const char*>(rest.data()), static_cast<usize>(end - rest.begin())};
}

bool TreeReader::lists(Property property, std::string_view wanted) const
{
    Blob rest = value(property);
    for (auto end = std::ranges::find(rest, std::byte{0}); end != rest.end();
         end = std::ranges::find(rest, std::byte{0})) {
        const auto length = static_cast<usize>(end - rest.begin());
        if (std::string_view{reinterpret_cast<const char*>(rest.data()), length} == wanted)
            return true;
        rest = rest.subspan(length + 1);
    }
    return false;
}

std::string_view TreeReader::text(Property property) { return zero_terminated(value(property), 0); }

// One or two cells.
u64 TreeReader::number(Blob cells)
{
    if (cells.size() != 4 && cells.size() != 8)
        return fail_with(Errc::malformed), 0;
    const u64 high = cells.size() == 8 ? big_endian_32(cells, 0) : 0;
    return high << 32 | big_endian_32(cells, cells.size() - 4);
}

u32 TreeReader::cell(Property property, u32 otherwise)
{
    if (!has(property))
        return otherwise;
    if (value(property).size() != 4)
        return fail_with(Errc::malformed), 0;
    return big_endian_32(value(property), 0);
}

Region TreeReader::checked(u64 base, u64 size)
{
    constexpr u64 max_address = u64{1} << 52;  // a physical address has no more bits
    if (size == 0 || !fits(base, size, max_address))
        return fail_with(Errc::malformed), Region{};
    return {PhysAddr{base}, Bytes{size}};
}

Region TreeReader::region(usize n)
{
    const usize a = parent().address_cells;
    const usize s = parent().size_cells;
    const auto reg = value(Property::reg);
    if (a > 2 || s > 2 || !fits(n * 4 * (a + s), 4 * (a + s), reg.size()))
        return fail_with(Errc::malformed), Region{};
    const auto cells = reg.subspan(n * 4 * (a + s), 4 * (a + s));
    const u64 base = number(cells.first(4 * a));
    return checked(base, number(cells.subspan(4 * a)));
}

usize TreeReader::region_count() const
{
    const u64 entry = 4 * (u64{parent().address_cells} + parent().size_cells);
    return entry == 0 ? 0 : value(Property::reg).size() / entry;
}

InterruptLine TreeReader::interrupt(usize n)
{
    constexpr usize entry = 12;  // kind, number, flags
    const auto all = value(Property::interrupts);
    if (!fits(n * entry, entry, all.size()))
        return fail_with(Errc::malformed), InterruptLine{};
    const u32 kind = big_endian_32(all, n * entry);
    const u32 line = big_endian_32(all, n * entry + 4);
    const bool edge = (big_endian_32(all, n * entry + 8) & 3) != 0;
    if (kind > 1 || line >= (kind == 0 ? 988U : 16U))
        return fail_with(Errc::malformed), InterruptLine{};
    return {(kind == 0 ? 32 : 16) + line, edge};
}

}  // namespace kernel
