// tests/host/base/inline_vector_test.cpp - elements live exactly as long as they are in it.
#include <base/inline_vector.hpp>
#include <catch2/catch.hpp>

namespace {

// Counts the living.
struct Counted {
    explicit Counted(int n) : number{n} { ++living; }
    Counted(Counted&& other) noexcept : number{other.number} { ++living; }
    Counted& operator=(Counted&& other) noexcept
    {
        number = other.number;
        return *this;
    }
    ~Counted() { --living; }

    int number;
    static inline int living = 0;
};

}  // namespace

TEST_CASE("a vector holds N elements and refuses one more", "[base][inline_vector]")
{
    Counted::living = 0;
    {
        InlineVector<Counted, 3> vector;
        CHECK(vector.empty());
        CHECK(Counted::living == 0);
        for (int n = 0; n < 3; ++n)
            REQUIRE(vector.push_back(n));
        CHECK(vector.full());
        CHECK(vector.push_back(9).error() == Errc::no_space);
        CHECK(Counted::living == 3);

        vector.remove_unordered(0);
        CHECK(vector.size() == 2);
        CHECK(vector[0].number == 2);
        CHECK(vector[1].number == 1);
        vector.remove_unordered(1);
        CHECK(vector.size() == 1);
        CHECK(Counted::living == 1);
    }
    CHECK(Counted::living == 0);
}

TEST_CASE("moving a vector empties the other", "[base][inline_vector]")
{
    Counted::living = 0;
    {
        InlineVector<Counted, 4> from;
        REQUIRE(from.push_back(1));
        REQUIRE(from.push_back(2));
        InlineVector<Counted, 4> to = std::move(from);
        CHECK(from.empty());
        CHECK(to.size() == 2);
        CHECK(Counted::living == 2);
        from = std::move(to);
        CHECK(from.back().number == 2);
        CHECK(Counted::living == 2);
        from.clear();
        CHECK(Counted::living == 0);
    }
    CHECK(Counted::living == 0);
}
