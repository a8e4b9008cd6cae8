// payers.cpp - who pays for a badge: its maker, or a process that the maker manages.
#include "cases.hpp"
#include "served.hpp"

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

namespace right = abi::right;

// An endpoint that is served and never received on, and a process that may have three handles.
struct Hung {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> receiver = need(sys::duplicate(endpoint.borrow(), right::receive));
    sys::Handle<sys::Process> payer =
        need(sys::create_process(check::self(), {16, 3, 1, 0, text::padded<16>("payer"), 0, 0}));

    Result<sys::Handle<sys::Endpoint>> mint(u64 badge) const
    {
        return sys::mint(endpoint.borrow(), badge, payer.borrow());
    }
    u32 paid() const { return need(sys::info(payer.borrow())).handles_used; }
};

u32 own() { return need(sys::info(check::self())).handles_used; }

void the_payer_pays()
{
    const Hung hung;
    const u32 before = own();
    {
        const auto client = need(hung.mint(1));
        equals(hung.paid(), 1u);
        equals(own(), before + 1);  // the handle is ours, the badge is not
    }
    equals(hung.paid(), 1u);  // nobody was told yet
    equals(own(), before);
    equals(sys::receive(hung.receiver.borrow(), 0, abi::now).badge, 1);
    equals(hung.paid(), 0u);
}

// Connects that nobody hears the end of: they stop at the payer's quota, and the maker has lost
// nothing.
void only_the_payer_runs_out()
{
    Hung hung;
    const u32 before = own();
    for (u64 i = 1; i <= 3; ++i)
        works(hung.mint(i));
    for (u64 i = 4; i <= 100; ++i)
        fails(hung.mint(i), Errc::over_quota);
    equals(hung.paid(), 3u);
    equals(own(), before);
    works(sys::mint(hung.endpoint.borrow(), 1000));  // at our own cost
    equals(own(), before + 1);
    hung.receiver = {};  // with its server the badges go that it was not told of
    equals(hung.paid(), 0u);
}

void payers_are_managed_and_alive()
{
    const Hung hung;
    const auto weak = need(sys::duplicate(hung.payer.borrow(), right::read));
    fails(sys::mint(hung.endpoint.borrow(), 1, {abi::Slot{12345}}), Errc::bad_handle);
    fails(sys::mint(hung.endpoint.borrow(), 1, {hung.endpoint.slot()}), Errc::wrong_kind);
    fails(sys::mint(hung.endpoint.borrow(), 1, weak.borrow()), Errc::denied);
    works(sys::kill(hung.payer.borrow()));
    fails(hung.mint(1), Errc::peer_gone);
}

// One that ends before its badges do still pays for them; then all of its quota comes back.
void a_dead_payer_pays_to_the_end()
{
    const u32 before = own();
    {
        Hung hung;
        const auto client = need(hung.mint(7));
        works(sys::kill(hung.payer.borrow()));
        equals(hung.paid(), 1u);
        hung.payer = {};
        check::that(own() > before + 3, "the quota of a payer came back before its badge");
    }
    equals(own(), before);
}

constexpr std::array cases{
    check::Case{"a badge is paid for until the server was told of its end", the_payer_pays},
    check::Case{"badges that nobody hears of use up the quota of who pays, and no other",
                only_the_payer_runs_out},
    check::Case{"a badge is paid for by a living process that the maker manages",
                payers_are_managed_and_alive},
    check::Case{"a process that ended pays for its badges until they end",
                a_dead_payer_pays_to_the_end},
};

}  // namespace

const check::Cases payer_cases{cases};
