// tests/host/docs/links_test.cpp - what documents point at is there.
#include "page.hpp"
#include "tree.hpp"

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

namespace {

namespace fs = std::filesystem;

// All pages of the tree; what is built is not part of it.
std::vector<fs::path> pages()
{
    std::vector<fs::path> all;
    fs::recursive_directory_iterator at{source_tree};
    for (; at != fs::recursive_directory_iterator{}; ++at) {
        const auto name = at->path().filename();
        if (at->is_directory() && (name == "build" || name.native().starts_with('.')))
            at.disable_recursion_pending();
        else if (name.extension() == ".md")
            all.push_back(fs::relative(at->path(), source_tree));
    }
    return all;
}

}  // namespace

TEST_CASE("links to files are found, addresses and places in the page are not", "[docs]")
{
    const auto links =
        docs::file_links("[a](b.md) [c](../d/e.md#part) [f](#here) [g](https://example.org/h)");
    CHECK(links == std::vector<std::string>{"b.md", "../d/e.md"});
}

TEST_CASE("every link of every page leads to something that is there", "[docs]")
{
    const auto all = pages();
    REQUIRE(std::ranges::contains(all, fs::path{"docs/abi.md"}));
    for (const auto& page : all)
        for (const auto& link : docs::file_links(docs::read(page.native()))) {
            INFO(page << " links to " << link);
            CHECK(fs::exists(source_tree / page.parent_path() / link));
        }
}

TEST_CASE("every room has a page of its own that is short enough to be read", "[docs]")
{
    for (const char* const room : {"abi", "base", "cmake", "libsys", "libvirtio", "microkernel",
                                   "proto", "systems", "tests", "tools"}) {
        const auto text = docs::read(std::string{room} + "/README.md");
        INFO(room);
        CHECK(std::ranges::count(text, '\n') >= 15);
        CHECK(std::ranges::count(text, '\n') <= 80);
    }
}
