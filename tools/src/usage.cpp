// usage.cpp - what is wrong with a command line.
#include "usage.hpp"

#include "text.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace vireo {
namespace {

using Words = std::vector<std::string>;

const CLI::App* command_of(const CLI::App& app)
{
    const auto given = app.get_subcommands();
    return given.empty() ? nullptr : given.front();
}

Words names_of_commands(const CLI::App& app)
{
    Words names;
    for (const auto* sub : app.get_subcommands(nullptr))
        names.push_back(sub->get_name());
    return names;
}

void add_options(Words& names, const CLI::App& app)
{
    for (const auto* option : app.get_options())
        for (const auto& name : option->get_lnames())
            names.push_back("--" + name);
}

// Those of the command that was given, and those of all.
Words names_of_options(const CLI::App& app)
{
    Words names;
    add_options(names, app);
    if (const auto* command = command_of(app))
        add_options(names, *command);
    return names;
}

// Where the reader finds what there is.
std::string help_on(const CLI::App& app)
{
    const auto* command = command_of(app);
    if (command == nullptr)
        return "tools/vireo --help lists all commands";
    return fmt::format("tools/vireo {} --help lists its arguments", command->get_name());
}

// The first word that nobody wanted.
std::string about_word(const CLI::App& app, const std::string& word)
{
    if (word.starts_with('-')) {
        const auto name = word.substr(0, word.find('='));
        return fmt::format("there is no option '{}'{}", name,
                           suggestion(name, names_of_options(app)));
    }
    if (command_of(app) == nullptr)
        return fmt::format("there is no command '{}'{}", word,
                           suggestion(word, names_of_commands(app)));
    return fmt::format("'{}' is one argument too many", word);
}

bool is_flag(const CLI::App& app, const std::string& name)
{
    for (const auto* from : {&app, command_of(app)})
        if (const auto* option = from != nullptr ? from->get_option_no_throw(name) : nullptr)
            return option->get_items_expected_max() == 0;
    return false;
}

// `said` is "Could not convert: --cpus = two"; only numbers are converted, and what flags get.
std::string about_value(const CLI::App& app, std::string_view said)
{
    said.remove_prefix(std::min(said.find("--"), said.size()));
    const auto equals = std::min(said.find(" = "), said.size());
    const std::string name{said.substr(0, equals)};
    if (is_flag(app, name))
        return name + " takes no value";
    return fmt::format("{}: '{}' is not a whole number", name,
                       said.substr(std::min(equals + 3, said.size())));
}

std::string about(const CLI::App& app, const CLI::ParseError& error)
{
    std::string said = error.what();
    const auto rest = app.remaining(true);
    const bool unknown =
        command_of(app) == nullptr || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
    if (unknown && !rest.empty())
        return about_word(app, rest.front());
    if (command_of(app) == nullptr && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
        return "a command is missing";
    if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr)
        return about_value(app, said);
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
        return fmt::format("{} {}", said.substr(0, said.find(':')),
                           said.ends_with(" missing") ? "needs a value"
                                                      : "is given more than once");
    return said;
}

}  // namespace

Failure usage_failure(const CLI::App& app, const CLI::ParseError& error)
{
    return {Exit::usage, about(app, error), "", help_on(app)};
}

}  // namespace vireo
