// monitor/config.cpp - what a driver does in the configuration space of its device.
#include "monitor/config.hpp"

#include "monitor/registers.hpp"

#include <utility>

namespace vireo::monitor {
namespace {

constexpr u32 writeback = 32;  // of a block device
constexpr u32 selectors = 2;   // of an input device
constexpr u32 emergency = 8;   // of a console

}  // namespace

Broken Config::access(const ConfigAccess& access, const ConfigTerms& terms)
{
    if (!config_known(terms.type))
        return {};
    const auto* field = config_at(terms.type, access.offset);
    if (field == nullptr)
        return Rule::config_field;
    if ((field->widths & access.bytes) == 0 || access.offset % access.bytes != 0)
        return Rule::config_width;
    if (field->features != 0 && (field->features & terms.offered) == 0)
        return Rule::config_feature;
    if (access.write) {
        const bool old_mac = terms.legacy && terms.type == type::net && access.offset < 6;
        return write(access, terms, field->writable || old_mac);
    }
    return read(access, terms, field->wide() && !terms.legacy);
}

Broken Config::read(const ConfigAccess& access, const ConfigTerms& terms, bool wide)
{
    if (terms.type == type::input && access.offset >= selectors && selected_ != 0b11)
        return Rule::input_select;
    if (terms.type == type::block && access.offset == writeback)
        return permitted(Act::read_cache_mode, terms.phase, terms.legacy);
    if (!wide)
        return {};
    wide_ = Wide::read;
    return generation_ ? std::nullopt : Broken{Rule::config_generation};
}

Broken Config::write(const ConfigAccess& access, const ConfigTerms& terms, bool writable)
{
    if (!writable)
        return Rule::config_write;
    if (terms.type == type::console && access.offset == emergency)
        return {};  // in every state (virtio 1.2, 5.3.5)
    if (terms.type == type::input)
        selected_ |= 1U << access.offset;
    return permitted(Act::write_config, terms.phase, terms.legacy);
}

void Config::generation(u32 value)
{
    if (wide_ != Wide::none)
        wide_ = wide_ == Wide::read && generation_ == value ? Wide::none : Wide::torn;
    generation_ = value;
}

Broken Config::other_write()
{
    generation_.reset();
    return std::exchange(wide_, Wide::none) == Wide::none ? std::nullopt
                                                          : Broken{Rule::config_generation};
}

}  // namespace vireo::monitor
