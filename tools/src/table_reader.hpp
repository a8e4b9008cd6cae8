// table_reader.hpp - reads one table of a TOML file. The keys that are asked for are the keys that
// exist: finish() reports all others, with the likely spelling.
#pragma once

#include "diagnostics.hpp"
#include "limits.hpp"

#include <functional>
#include <optional>

#include <toml++/toml.h>

namespace vireo {

class TableReader {
public:
    // `name` as an error calls it: "[server.disk0]".
    TableReader(const toml::table& table, std::string name, Diagnostics& errors);

    bool has(std::string_view key) { return node(key) != nullptr; }
    // Where a key's value stands; the table itself if the key is missing.
    Place place(std::string_view key) const;
    Place place() const { return at_; }
    const std::string& name() const { return name_; }
    Diagnostics& errors() { return errors_; }

    std::optional<Spelled> text(std::string_view key);
    Spelled required_text(std::string_view key);
    u64 number(std::string_view key, u64 fallback, Range range);
    // "64M", or a number of bytes.
    u64 size(std::string_view key, u64 fallback, Range range);
    bool flag(std::string_view key, bool fallback);
    std::vector<Spelled> texts(std::string_view key);
    // One of a few words.
    std::string
    choice(std::string_view key, std::string_view fallback, const std::vector<std::string>& words);

    const toml::table* table(std::string_view key);
    const toml::array* array(std::string_view key);
    // Each sub-table with its key, in the order of the file.
    void each_table(std::string_view key,
                    const std::function<void(const Spelled&, const toml::table&)>& visit);

    void error(std::string_view key, const std::string& message);
    void finish();

private:
    const toml::node* node(std::string_view key);
    void wrong_type(std::string_view key, std::string_view wanted);
    u64 checked(std::string_view key, std::optional<u64> value, u64 fallback, Range range);

    const toml::table& table_;
    std::string name_;
    Place at_;
    Diagnostics& errors_;
    std::vector<std::string> known_;
};

Place place_of(const toml::node& node);

// Throws SourceErrors for what is no TOML.
toml::table parse_toml(const std::string& text, const std::string& file);

}  // namespace vireo
