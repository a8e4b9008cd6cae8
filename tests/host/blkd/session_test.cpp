// tests/host/blkd/session_test.cpp - sessions that live: who ends them and when, and what they see
// of a disk that changes.
#include "hand.hpp"

using block_protocol::Detach;
using block_protocol::Info;

TEST_CASE("nobody detaches a session of another badge", "[blkd][server][hostile][LC3]")
{
    DiskRig rig;
    WorkingHand owner{rig};
    Hand other{rig};
    CHECK(other.session.call<Detach>({owner.last.session, 0}).error() == Errc::not_found);
    CHECK(other.session.call<Detach>({~0U, 0}).error() == Errc::not_found);
    CHECK(other.session.call<Detach>({owner.last.session, 1}).error() == Errc::bad_argument);
    owner.read(1, 0);
    CHECK(owner.outcome() == Errc::ok);
    CHECK(owner.detach() == Errc::ok);
}

TEST_CASE("a session with requests in flight is not detached before they ended",
          "[blkd][server][hostile]")
{
    DiskRig rig;
    rig.blk.hold = true;
    {
        WorkingHand hand{rig};
        hand.read(1, 0);
        REQUIRE(rig.blk.held() == 1);
        CHECK(hand.detach() == Errc::busy);
        CHECK(rig.bench.pins() == 1);

        rig.finish(0);
        rig.settle();
        CHECK(hand.outcome() == Errc::ok);
        hand.read(2, 1);  // it was not harmed
        CHECK(hand.detach() == Errc::busy);
        rig.finish(0);
        rig.settle();
        CHECK(hand.outcome() == Errc::ok);
        CHECK(hand.detach() == Errc::ok);
        CHECK(rig.bench.pins() == 0);
        CHECK(hand.detach() == Errc::not_found);
    }
    CHECK(rig.at_rest());
}

TEST_CASE("a disk that changes its size is as large as it is now for every session",
          "[blkd][server]")
{
    DiskRig rig{{.sectors = 100}};
    rig.blk.medium.resize(200 * 512);
    const auto resize = [&](u64 sectors) {
        rig.blk.set_capacity(sectors);
        rig.mmio.change_config();
        rig.settle();
    };
    const auto outcome = [](WorkingHand& hand, u64 sector) {
        hand.read(1, sector);
        return hand.outcome();
    };
    WorkingHand before{rig};
    CHECK(outcome(before, 99) == Errc::ok);
    CHECK(outcome(before, 100) == Errc::out_of_range);

    resize(200);
    WorkingHand after{rig};
    CHECK(after.session.call<Info>()->capacity == block::Sector{200});
    for (WorkingHand* hand : {&after, &before}) {
        CHECK(outcome(*hand, 199) == Errc::ok);
        CHECK(outcome(*hand, 200) == Errc::out_of_range);
    }
    resize(50);
    for (WorkingHand* hand : {&before, &after}) {
        CHECK(outcome(*hand, 49) == Errc::ok);
        CHECK(outcome(*hand, 50) == Errc::out_of_range);
    }
    CHECK(rig.world.complaints.empty());
}
