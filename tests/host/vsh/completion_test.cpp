// completion_test.cpp - how a line may go on.
#include "completion.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using Names = std::vector<std::string>;

struct Offered {
    usize count;
    std::string missing;
    std::string list;
};

Offered complete(std::string_view left)
{
    const auto names = [](vsh::Operand operand, auto each) {
        if (operand == vsh::Operand::disk)
            for (const auto* name : {"disk0", "scratch0"})
                each(name);
        if (operand == vsh::Operand::nic)
            each("nic0");
        if (operand == vsh::Operand::program)
            for (const auto* name : {"disk0", "demo", "vsh"})
                each(name);
    };
    const auto begun = vsh::last_word(left);
    vsh::Completion completion{begun};
    vsh::possible_words(left.substr(0, left.size() - begun.size()), names,
                        [&](std::string_view word) { completion.offer(word); });
    return {completion.count(), std::string{completion.missing()}, std::string{completion.list()}};
}

}  // namespace

TEST_CASE("a command that was begun is completed", "[vsh]")
{
    CHECK(complete("cra").missing == "shes");
    CHECK(complete("blk inf").missing == "o");
    CHECK(complete("bl").count == 1);  // a group counts once
    CHECK(complete("no such").count == 0);
    CHECK(complete("zz").missing.empty());
}

TEST_CASE("where several words fit, what they share is completed, and all are listed", "[vsh]")
{
    CHECK(complete("blk f").list == "fill  flush  ");
    CHECK(complete("blk f").missing == "");
    CHECK(complete("re").missing == "start");
    CHECK(complete("blk s").list == "sha256  stress  ");
    CHECK(complete("").count > 8);
    CHECK(complete("kill d").list == "disk0  demo  ");
}

TEST_CASE("names are of the kind that the operand has", "[vsh]")
{
    CHECK(complete("blk info ").list == "disk0  scratch0  ");
    CHECK(complete("blk info s").missing == "cratch0");
    CHECK(complete("net ping ").list == "nic0  ");
    CHECK(complete("blk read disk0 ").count == 0);
    CHECK(complete("blk info disk0 ").count == 0);
    CHECK(complete("input led kbd0 c").missing == "aps");
    CHECK(complete("input led kbd0 caps o").list == "off  on  ");
    CHECK(complete("watch ser").missing == "vers");
    CHECK(complete("watch blk info d").missing == "isk0");
}
