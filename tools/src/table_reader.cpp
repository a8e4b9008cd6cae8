// table_reader.cpp - reads one table of a TOML file.
#include "table_reader.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vireo {
namespace {

Place place_at(const toml::source_region& source)
{
    return {source.begin.line, source.begin.column};
}

}  // namespace

Place place_of(const toml::node& node) { return place_at(node.source()); }

TableReader::TableReader(const toml::table& table, std::string name, Diagnostics& errors)
    : table_{table}, name_{std::move(name)}, at_{place_of(table)}, errors_{errors}
{
}

Place TableReader::place(std::string_view key) const
{
    const auto* found = table_.get(key);
    return found != nullptr ? place_of(*found) : at_;
}

const toml::node* TableReader::node(std::string_view key)
{
    known_.emplace_back(key);
    return table_.get(key);
}

void TableReader::error(std::string_view key, const std::string& message)
{
    errors_.error(place(key), message);
}

void TableReader::wrong_type(std::string_view key, std::string_view wanted)
{
    error(key, fmt::format("'{}' of {} must be {}", key, name_, wanted));
}

std::optional<Spelled> TableReader::text(std::string_view key)
{
    const auto* found = node(key);
    if (found == nullptr)
        return std::nullopt;
    if (const auto value = found->value_exact<std::string>())
        return Spelled{*value, place_of(*found)};
    wrong_type(key, "a string");
    return std::nullopt;
}

Spelled TableReader::required_text(std::string_view key)
{
    const bool missing = !has(key);
    auto found = text(key);
    if (missing)
        errors_.error(at_, fmt::format("{} needs '{}'", name_, key));
    return found.value_or(Spelled{"", at_});
}

u64 TableReader::checked(std::string_view key, std::optional<u64> value, u64 fallback, Range range)
{
    if (!value)
        return fallback;
    if (range.has(*value))
        return *value;
    error(key,
          fmt::format("'{}' of {} must be from {} to {}", key, name_, range.first, range.last));
    return fallback;
}

u64 TableReader::number(std::string_view key, u64 fallback, Range range)
{
    const auto* found = node(key);
    if (found == nullptr)
        return fallback;
    const auto value = found->value_exact<int64_t>();
    if (!value || *value < 0) {
        wrong_type(key, "a number that is not negative");
        return fallback;
    }
    return checked(key, static_cast<u64>(*value), fallback, range);
}

u64 TableReader::size(std::string_view key, u64 fallback, Range range)
{
    const auto* found = node(key);
    if (found == nullptr)
        return fallback;
    std::optional<u64> value;
    if (const auto written = found->value_exact<std::string>())
        value = parse_size(*written);
    else if (const auto bytes = found->value_exact<int64_t>(); bytes && *bytes >= 0)
        value = static_cast<u64>(*bytes);
    if (!value) {
        wrong_type(key, R"(a size: "32K", "64M", "5G", or a number of bytes)");
        return fallback;
    }
    if (!range.has(*value)) {
        error(key, fmt::format("'{}' of {} must be from {} to {}", key, name_,
                               size_text(range.first), size_text(range.last)));
        return fallback;
    }
    return *value;
}

bool TableReader::flag(std::string_view key, bool fallback)
{
    const auto* found = node(key);
    if (found == nullptr)
        return fallback;
    if (const auto value = found->value_exact<bool>())
        return *value;
    wrong_type(key, "true or false");
    return fallback;
}

std::vector<Spelled> TableReader::texts(std::string_view key)
{
    std::vector<Spelled> out;
    const auto* found = array(key);
    if (found == nullptr)
        return out;
    for (const auto& element : *found) {
        if (const auto value = element.value_exact<std::string>())
            out.push_back({*value, place_of(element)});
        else
            errors_.error(place_of(element),
                          fmt::format("'{}' of {} must be a list of strings", key, name_));
    }
    return out;
}

std::string TableReader::choice(std::string_view key,
                                std::string_view fallback,
                                const std::vector<std::string>& words)
{
    const auto found = text(key);
    if (!found)
        return std::string{fallback};
    if (std::ranges::contains(words, found->text))
        return found->text;
    error(key, fmt::format("'{}' of {} must be one of: {}{}", key, name_, join(words, ", "),
                           suggestion(found->text, words)));
    return std::string{fallback};
}

const toml::table* TableReader::table(std::string_view key)
{
    const auto* found = node(key);
    if (found != nullptr && found->as_table() == nullptr)
        wrong_type(key, "a table");
    return found != nullptr ? found->as_table() : nullptr;
}

const toml::array* TableReader::array(std::string_view key)
{
    const auto* found = node(key);
    if (found != nullptr && found->as_array() == nullptr)
        wrong_type(key, "a list");
    return found != nullptr ? found->as_array() : nullptr;
}

void TableReader::each_table(std::string_view key,
                             const std::function<void(const Spelled&, const toml::table&)>& visit)
{
    const auto* parent = table(key);
    if (parent == nullptr)
        return;
    std::vector<std::pair<Spelled, const toml::table*>> children;
    for (const auto& [child_key, child] : *parent) {
        const Spelled name{std::string{child_key.str()}, place_at(child_key.source())};
        if (child.as_table() == nullptr)
            errors_.error(name.at,
                          fmt::format("'{}' must be a table: write [{}.NAME]", name.text, key));
        else
            children.emplace_back(name, child.as_table());
    }
    std::ranges::stable_sort(children, {}, [](const auto& one) { return one.first.at; });
    for (const auto& [name, child] : children)
        visit(name, *child);
}

void TableReader::finish()
{
    for (const auto& [key, value] : table_) {
        const std::string found{key.str()};
        if (!std::ranges::contains(known_, found))
            errors_.error(place_at(key.source()), fmt::format("unknown key '{}' in {}{}", found,
                                                              name_, suggestion(found, known_)));
    }
}

toml::table parse_toml(const std::string& text, const std::string& file)
{
    try {
        return toml::parse(std::string_view{text}, std::string_view{file});
    } catch (const toml::parse_error& error) {
        Diagnostics errors{file, text};
        const auto at = error.source().begin;
        // The parser's own words start with one that is printed already.
        std::string_view why{error.description()};
        constexpr std::string_view said_already = "Error ";
        if (why.starts_with(said_already))
            why.remove_prefix(said_already.size());
        errors.error({at.line, at.column}, std::string{why});
        throw SourceErrors{errors.text()};
    }
}

}  // namespace vireo
