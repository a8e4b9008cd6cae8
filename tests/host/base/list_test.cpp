// tests/host/base/list_test.cpp - the intrusive list against std::vector.
#include <algorithm>
#include <random>
#include <vector>

#include <base/list.hpp>
#include <catch2/catch.hpp>

namespace {

struct ByAge;

struct Item : ListNode<Item>, ListNode<ByAge> {
    explicit Item(int n) : number{n} {}
    int number;
};

std::vector<int> numbers(List<Item>& list)
{
    std::vector<int> result;
    for (const Item& item : list)
        result.push_back(item.number);
    return result;
}

}  // namespace

TEST_CASE("elements stand where they were put", "[base][list]")
{
    Item one{1};
    Item two{2};
    Item three{3};
    List<Item> list;
    CHECK(list.empty());
    CHECK(list.front() == nullptr);
    CHECK(list.pop_front() == nullptr);

    list.push_back(two);
    list.push_front(one);
    list.push_back(three);
    CHECK(numbers(list) == std::vector{1, 2, 3});
    CHECK(list.back() == &three);

    List<Item>::remove(two);
    CHECK_FALSE(two.ListNode<Item>::linked());
    list.insert_before(one, two);
    CHECK(numbers(list) == std::vector{2, 1, 3});
    CHECK(list.pop_front() == &two);
    CHECK(numbers(list) == std::vector{1, 3});
}

TEST_CASE("an element can be in lists of different tags", "[base][list]")
{
    Item item{1};
    List<Item> all;
    List<Item, ByAge> by_age;
    all.push_back(item);
    by_age.push_back(item);
    List<Item>::remove(item);
    CHECK(all.empty());
    CHECK(by_age.front() == &item);
}

TEST_CASE("random steps leave the list as the model has it", "[base][list][property]")
{
    std::mt19937 random{GENERATE(1U, 2U)};
    std::vector<std::unique_ptr<Item>> items;
    items.reserve(16);
    for (int n = 0; n < 16; ++n)
        items.push_back(std::make_unique<Item>(n));
    List<Item> list;
    std::vector<int> model;

    for (int step = 0; step < 5'000; ++step) {
        Item& item = *items[random() % items.size()];
        if (item.ListNode<Item>::linked()) {
            List<Item>::remove(item);
            std::erase(model, item.number);
        } else if (random() % 2 == 0) {
            list.push_back(item);
            model.push_back(item.number);
        } else {
            list.push_front(item);
            model.insert(model.begin(), item.number);
        }
        REQUIRE(numbers(list) == model);
    }
}

TEST_CASE("a list takes what another one has, in order", "[base][list]")
{
    Item one{1};
    Item two{2};
    Item three{3};
    List<Item> list;
    List<Item> other;
    list.append(other);
    CHECK(list.empty());
    other.push_back(two);
    other.push_back(three);
    list.push_back(one);
    list.append(other);
    CHECK(numbers(list) == std::vector{1, 2, 3});
    CHECK(other.empty());
    other.append(list);
    CHECK(list.empty());
    List<Item>::remove(two);
    CHECK(numbers(other) == std::vector{1, 3});
    CHECK(other.back() == &three);
}
