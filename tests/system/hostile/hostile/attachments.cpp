// hostile/attachments.cpp - sessions: asked for with everything that can be wrong, kept, and let go
// at the wrong time.
#include "attack.hpp"

namespace hostile {

namespace {

using abi::Header;

Result<sys::Handle<sys::Memory>> lendable(const sys::SharedMemory& memory, abi::Rights rights)
{
    return sys::duplicate(memory.handle.borrow(), rights | abi::right::transfer);
}

Session strange(Target& t)
{
    Session s;
    if (t.rarely())
        s.entries = static_cast<u32>(t.nasty());
    if (t.rarely())
        s.submissions_bytes = 1 + t.random.below(3) * page_bytes;
    if (t.rarely())
        s.completions_bytes = 1 + t.random.below(3) * page_bytes;
    if (t.rarely())
        s.buffer_bytes = 1 + t.random.below(80) * page_bytes;
    if (t.rarely())
        s.submissions_rights = abi::right::none;
    if (t.rarely())
        s.completions_rights = sys::read_only;
    if (t.rarely())
        s.buffer_rights = sys::read_only;
    s.buffer_flags = t.random.below(2);
    return s;
}

void strange_attach(Target& t) { (void)attach(t, strange(t)); }

// The right handles in a wrong order, or one handle of a wrong kind.
void mixed_handles(Target& t)
{
    std::array<abi::Slot, 4> slots{};
    for (abi::Slot& slot : slots) {
        if (t.random.below(2) == 0) {
            if (auto made = sys::create_memory(Bytes{(1 + t.random.below(4)) * page_bytes}))
                slot = made->release();
        } else if (auto made = sys::create_notification()) {
            slot = made->release();
        }
    }
    sys::message_page().handles = slots;
    const sys::Letter letter{Header::make(block::Attach::ordinal, 24, 4, 1), {32}};
    const auto in = sys::call(t.endpoint, letter);
    (void)sys::HandleSet::received(in.header.handles());
    for (const abi::Slot slot : slots)
        sys::close(slot);  // those that stayed
}

// More sessions than one badge may have, then their ends in the wrong order.
void many_sessions(Target& t)
{
    std::array<Result<Attached>, 10> sessions{
        fail(Errc::cancelled), fail(Errc::cancelled), fail(Errc::cancelled), fail(Errc::cancelled),
        fail(Errc::cancelled), fail(Errc::cancelled), fail(Errc::cancelled), fail(Errc::cancelled),
        fail(Errc::cancelled), fail(Errc::cancelled)};
    for (auto& session : sessions)
        session = attach(t, {.buffer_bytes = 4 * page_bytes});
    for (usize i = sessions.size(); i-- > 0;)
        if (sessions[i] && t.random.below(2) == 0)
            (void)sys::call(t.endpoint,
                            {Header::make(block::Detach::ordinal, 8), {sessions[i]->number}});
}

// The memory is unmapped and let go while the server uses it.
void pulled_away(Target& t)
{
    auto session = attach(t);
    if (!session)
        return;
    session->page().produced.index = 16;
    session->ring();
    session->submissions = {};
    session->buffer = {};
    session->completions = {};
    (void)sys::call(t.endpoint, {Header::make(block::Detach::ordinal, 8), {session->number}});
}

// One memory object for everything: the server's completions land among our submissions.
void one_for_all(Target& t)
{
    auto memory = sys::SharedMemory::create(Bytes{64 * page_bytes});
    auto bell = sys::create_notification();
    if (!memory || !bell)
        return;
    auto a = lendable(*memory, sys::read_write);
    auto b = lendable(*memory, sys::read_write);
    auto c = lendable(*memory, sys::read_write);
    if (!a || !b || !c)
        return;
    auto send = sys::HandleSet::of(std::move(*a), std::move(*b), std::move(*c), std::move(*bell));
    send.to_page();
    const auto in = sys::call(t.endpoint, {Header::make(block::Attach::ordinal, 24, 4, 1), {32}});
    auto got = sys::HandleSet::received(in.header.handles());
    if (in.header.status() != Errc::ok)
        return;
    send.forget();
    auto* const words = reinterpret_cast<u64*>(memory->mapping.bytes().data());
    for (u64 i = 0; i < 64; ++i)
        words[t.random.below(64 * page_bytes / 8)] = t.nasty();
    if (const auto doorbell = got.take<sys::Notification>(0))
        (void)sys::signal(doorbell->borrow(), abi::Bits{~u64{0}});
}

constexpr std::array<Attack, 5> list{{{3, strange_attach},
                                      {3, mixed_handles},
                                      {9, many_sessions},
                                      {7, pulled_away},
                                      {12, one_for_all}}};

}  // namespace

const std::span<const Attack> attachment_attacks{list};

Result<u64> capacity_of(sys::Borrowed<sys::Endpoint> endpoint)
{
    const sys::Letter request{abi::Header::make(block::Info::ordinal, 0), {}};
    const auto in = sys::call(endpoint, request);
    if (in.header.status() != Errc::ok)
        return fail(in.header.status());
    return in.words[0];
}

Result<Attached> attach(Target& t, const Session& how)
{
    auto submissions = sys::SharedMemory::create(Bytes{how.submissions_bytes});
    auto completions = sys::SharedMemory::create(Bytes{how.completions_bytes});
    auto buffer = sys::SharedMemory::create(Bytes{how.buffer_bytes}, how.buffer_flags);
    auto bell = sys::create_notification();
    if (!submissions || !completions || !buffer || !bell)
        return fail(Errc::no_memory);
    Attached made{std::move(*submissions),
                  std::move(*completions),
                  std::move(*buffer),
                  std::move(*bell),
                  {},
                  0};

    auto a = lendable(made.submissions, how.submissions_rights);
    auto b = lendable(made.completions, how.completions_rights);
    auto c = lendable(made.buffer, how.buffer_rights);
    auto d = sys::doorbell(made.bell.borrow(), abi::Bits::at(0));
    if (!a || !b || !c || !d)
        return fail(Errc::over_quota);
    auto send = sys::HandleSet::of(std::move(*a), std::move(*b), std::move(*c), std::move(*d));
    send.to_page();
    const auto in =
        sys::call(t.endpoint, {Header::make(block::Attach::ordinal, 24, 4, 1), {how.entries}});
    auto got = sys::HandleSet::received(in.header.handles());
    if (in.header.status() != Errc::ok)
        return fail(in.header.status());
    send.forget();
    made.number = static_cast<u32>(in.words[0]);
    if (auto doorbell = got.take<sys::Notification>(0))
        made.doorbell = std::move(*doorbell);
    return made;
}

}  // namespace hostile
