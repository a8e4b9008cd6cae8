// defect_test.cpp - defects that are made on purpose: what a file says, where it fits, and whether
// a run told of it. Each defect of the tree still fits the sources.
#include "diagnostics.hpp"
#include "failure.hpp"
#include "fault/defect.hpp"
#include "fault/tally.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::fault;
using Catch::Matchers::Contains;

namespace {

const fs::path sources{VIREO_SOURCES};

const std::string good_text = R"(file = "servers/x.hpp"
why = "nobody waits"
run = "fault block-kill --trials 9"
shows = "RED: undetected"

[[change]]
old = '''
    wait();'''
new = '''
    skip();'''
)";

Defect defect() { return parse_defect(good_text, "tests/defects/some.toml"); }

std::string errors_of(const std::string& text)
{
    try {
        (void)parse_defect(text, "some.toml");
    } catch (const SourceErrors& errors) {
        return errors.what();
    }
    return {};
}

std::string without(const std::string& key)
{
    auto text = good_text;
    const auto at = text.find(key + " =");
    return text.erase(at, text.find('\n', at) + 1 - at);
}

// What the laboratory prints of an experiment whose trials were all bad.
bool is_criterion(const Experiment& experiment, const std::string& shows)
{
    Tally tally;
    tally.add({});
    const auto criteria = judge(experiment, tally);
    return std::ranges::any_of(
        criteria, [&](const Criterion& one) { return ("RED: " + one.text).starts_with(shows); });
}

std::string sources_beside(const fs::path& system)
{
    std::string all;
    for (const auto& entry : fs::directory_iterator{system.parent_path()})
        if (entry.path().extension() == ".cpp")
            all += read_text(entry.path());
    return all;
}

}  // namespace

TEST_CASE("a defect says what is wrong where, what is run, and what must be said")
{
    const auto one = defect();
    CHECK(one.name == "some");
    CHECK(one.run == std::vector<std::string>{"fault", "block-kill", "--trials", "9"});
    for (const auto* key : {"file", "why", "run", "shows"})
        CHECK_THAT(errors_of(without(key)), Contains(std::string{key}));
    auto other = good_text;
    other.replace(other.find("old ="), 3, "odd");
    CHECK_THAT(errors_of(other), Contains("needs 'old'"));
    CHECK_THAT(errors_of(good_text.substr(0, good_text.find("[[change]]"))),
               Contains("needs a [[change]]"));
    CHECK_THAT(errors_of("run = \"test\"\n"), Contains("run SYSTEM"));
    auto same = good_text;
    same.replace(same.find("skip"), 4, "wait");
    CHECK_THAT(errors_of(same), Contains("nothing is changed"));
}

TEST_CASE("a defect is made at one place, or not at all")
{
    CHECK(with_defect("{\n    wait();\n}\n", defect()) == "{\n    skip();\n}\n");
    CHECK_THROWS_AS(with_defect("{\n    rest();\n}\n", defect()), Failure);
    CHECK_THROWS_AS(with_defect("    wait();\n    wait();\n", defect()), Failure);
}

TEST_CASE("a defect is noticed by a run that fails with the line that was asked for")
{
    const std::string line = "  RED: undetected corruption 3, at most 0\n";
    CHECK(seen_by(defect(), 1, "a\n" + line) == Seen::noticed);
    CHECK(seen_by(defect(), 0, line) == Seen::unnoticed);
    CHECK(seen_by(defect(), 1, "RED: never recovered 1, at most 0\n") == Seen::otherwise);
    CHECK(seen_by(defect(), 122, "") == Seen::otherwise);
}

TEST_CASE("every defect of the tree fits the sources, and an oracle is named that there is")
{
    const auto all = load_defects(sources / "tests/defects");
    const auto experiments = load_experiments(sources / "tests/fault");
    CHECK(all.size() >= 12);
    for (const auto& one : all) {
        INFO(one.name);
        const auto text = read_text(sources / one.file);
        CHECK(with_defect(text, one) != text);
        if (one.run[0] == "fault") {
            const auto found = std::ranges::find(experiments, one.run[1], &Experiment::name);
            REQUIRE(found != experiments.end());
            CHECK(is_criterion(*found, one.shows));
        } else {
            REQUIRE(one.shows.starts_with("FAIL "));
            CHECK_THAT(sources_beside(sources / one.run[1]), Contains(one.shows.substr(5)));
        }
    }
}
