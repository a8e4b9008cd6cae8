// hostile/messages.cpp - calls that no client of the protocol would make.
#include "attack.hpp"

namespace hostile {

namespace {

using abi::Header;

// Anything at all in the header word and in the words.
void random_message(Target& t)
{
    sys::Letter letter{{t.random.next()}, {}};
    if (!t.rarely())
        letter.header = Header::make(static_cast<u16>(t.random.below(6)), t.random.below(520),
                                     t.random.below(5), t.random.below(5));
    for (u64& word : letter.words)
        word = t.nasty();
    for (abi::Slot& slot : sys::message_page().handles)
        slot = abi::Slot{t.nasty()};
    (void)sys::HandleSet::received(
        sys::call(t.endpoint, letter, sys::after_ms(2)).header.handles());
}

// A good method with a bad size.
void wrong_size(Target& t)
{
    const auto ordinal = static_cast<u16>(1 + t.random.below(3));
    const sys::Letter letter{Header::make(ordinal, t.random.below(513), 0, t.random.below(5)),
                             {t.nasty(), t.nasty()}};
    (void)sys::HandleSet::received(sys::call(t.endpoint, letter).header.handles());
}

// Handles where none belong: the server must close them, and not lose the message.
void unwanted_handles(Target& t)
{
    const u64 count = 1 + t.random.below(4);
    sys::HandleSet send;
    for (u64 i = 0; i < count; ++i) {
        auto made = sys::create_memory(Bytes{page_bytes});
        if (!made)
            return;
        (void)send.add(std::move(*made));
    }
    send.to_page();
    const auto ordinal =
        static_cast<u16>(t.rarely() ? t.random.below(65'536) : 1 + 2 * t.random.below(2));
    const sys::Letter letter{Header::make(ordinal, ordinal == 3 ? 8 : 0, count), {t.nasty()}};
    if (sys::call(t.endpoint, letter).header.status() != Errc::bad_handle)
        send.forget();
}

// Sessions of others, and of nobody.
void foreign_detach(Target& t)
{
    const u64 session = t.rarely() ? t.nasty() : t.random.below(64);
    (void)sys::call(t.endpoint, {Header::make(block::Detach::ordinal, 8), {session}});
}

// Asks, and does not wait for the answer.
void impatient(Target& t)
{
    (void)sys::call(t.endpoint, {Header::make(block::Info::ordinal, 0), {}},
                    abi::Ticks{t.rarely() ? 0 : sys::now().raw() + 50});
}

void endpoint_calls(Target& t)
{
    (void)sys::give_up(t.endpoint);
    (void)sys::mint(t.endpoint, t.nasty());
    (void)sys::receive(t.endpoint, 0, abi::now);
    const auto bell = sys::create_notification();
    if (bell)
        (void)sys::watch(t.endpoint, bell->borrow(), {t.nasty()});
}

constexpr std::array<Attack, 6> list{{{1, random_message},
                                      {1, wrong_size},
                                      {12, unwanted_handles},
                                      {3, foreign_detach},
                                      {4, impatient},
                                      {15, endpoint_calls}}};

}  // namespace

const std::span<const Attack> message_attacks{list};

}  // namespace hostile
