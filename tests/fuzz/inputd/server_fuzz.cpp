// tests/fuzz/inputd/server_fuzz.cpp - clients that attach anything, lie in their rings, vanish; a
// device that sends anything; and an honest client that must not notice.
#include "input_rig.hpp"

#include <cstring>

#include <proto/names.hpp>
#include <sys/session.hpp>

namespace {

namespace protocol = proto::input;

class Input {
public:
    Input(const u8* data, usize size) : data_{data, size} {}

    bool empty() const { return data_.empty(); }
    u32 next()
    {
        if (data_.empty())
            return 0;
        const u8 value = data_.front();
        data_ = data_.subspan(1);
        return value;
    }
    u32 word() { return next() | next() << 8 | next() << 16 | next() << 24; }

private:
    std::span<const u8> data_;
};

struct Client {
    sys::Session session;
    sys::SharedMemory client{};
    sys::SharedMemory events{};
    sys::Handle<sys::Notification> note{};
    sys::Handle<sys::Notification> doorbell{};

    explicit Client(const InputRig& rig)
        : session{sys::connect<proto::names::Connect>(rig.bench.startup(), "kbd0").value()}
    {
    }

    static sys::Handle<sys::Memory> lent(const sys::SharedMemory& memory, bool whole)
    {
        const abi::Rights rights = whole ? sys::read_write : sys::read_only;
        return sys::duplicate(memory.handle.borrow(), rights | abi::right::transfer).value();
    }
    void attach(u32 entries, u64 pages, bool whole)
    {
        client = sys::SharedMemory::create(Bytes{page_bytes}).value();
        events = sys::SharedMemory::create(Bytes{pages * page_bytes}).value();
        note = sys::create_notification().value();
        auto handles = sys::HandleSet::of(lent(client, true), lent(events, whole),
                                          sys::doorbell(note.borrow(), {1}).value());
        auto answer =
            session.call<protocol::Attach>({entries, protocol::all_types}, std::move(handles), 1);
        if (answer)
            doorbell = answer->handles.take<sys::Notification>(0).value();
    }
    void ring_server() const
    {
        if (doorbell.valid())
            (void)sys::signal(doorbell.borrow(), {~u64{0}});
    }
};

// Follows what it is told, and holds it against what must be.
class Honest {
public:
    explicit Honest(InputRig& rig) : rig_{&rig}, client_{rig}
    {
        client_.attach(protocol::min_entries, 2, true);
        InputRig::must(client_.doorbell.valid());
        const auto* page = *client_.events.mapping.at<const protocol::EventPage>();
        ring_ = Consumer<protocol::Event>::over(
                    (*client_.client.mapping.at<RingPage>())->consumed, page->produced,
                    *client_.events.mapping.array<const protocol::Event>(page_bytes,
                                                                         protocol::min_entries))
                    .value();
    }

    void read()
    {
        bool within = false;
        for (auto event = ring_->pop(); event; event = ring_->pop()) {
            within = event->type != 0;
            if (event->type == 0 && event->code == 3)
                unsure_ = true;
            if (event->type == 1)
                follow(*event);
        }
        InputRig::must(!within && !ring_->broken());
        if (ring_->release_and_check())
            client_.ring_server();
    }

    // With nothing in its ring. Only a grab keeps it from being told.
    void compare()
    {
        const auto state = client_.session.call<protocol::State>();
        InputRig::must(state || state.error() == Errc::busy);
        if (!state)
            return;
        InputRig::must(unsure_ || state->keys == keys_);
        keys_ = state->keys;
        unsure_ = false;
    }

private:
    void follow(const protocol::Event& event)
    {
        auto& byte = keys_.at(event.code / 8);
        const bool held = (byte >> event.code % 8 & 1) != 0;
        InputRig::must(event.value >= 0 && event.value <= 2);
        InputRig::must(unsure_ || held == (event.value != 1));
        if (event.value != 2 && held != (event.value == 1))
            byte = static_cast<u8>(byte ^ 1 << event.code % 8);
    }

    InputRig* rig_;
    Client client_;
    std::optional<Consumer<protocol::Event>> ring_;
    std::array<u8, protocol::key_codes / 8> keys_{};
    bool unsure_ = false;
};

struct World {
    InputRig rig;
    std::vector<Client> clients;
    bool given_up = false;

    // As InputRig::pump, but a device may lie until it is given up.
    void settle()
    {
        for (u32 i = 0; !given_up && i < 10'000; ++i) {
            if (rig.mmio.interrupt())
                rig.bench.raise(rig.notification, abi::Bits::at(common::interrupt_bit));
            const abi::Bits woken = rig.bench.take_bits(rig.notification);
            if (woken.empty() && rig.server->next_deadline() > sys::now())
                return;
            given_up = !rig.server->step(woken);
            rig.inbox.ring_now();
        }
        InputRig::must(given_up);
    }

    void send(Input& bytes)
    {
        std::vector<model::InputEvent> packet;
        for (u32 n = bytes.next() % 4 == 0 ? bytes.next() % 80 : 1; n != 0; --n)
            packet.push_back({static_cast<u16>(bytes.next() % 8 == 0 ? bytes.word() : 1),
                              static_cast<u16>(bytes.next()), bytes.next() % 3});
        rig.thing.send(packet);
        rig.mmio.poll();
    }

    void scribble(Client& client, Input& bytes)
    {
        if (!client.client.mapping.valid())
            return;
        const auto& target = bytes.next() % 4 == 0 ? client.events : client.client;
        const auto memory = target.mapping.bytes();
        const usize where = bytes.next() % 2 == 0 ? usize{bytes.next() % 4U} * 32 : bytes.word();
        const u32 value = bytes.next() % 2 == 0 ? bytes.word() : bytes.next() % 16;
        if (where < memory.size() && sizeof(value) <= memory.size() - where)
            std::memcpy(memory.data() + where, &value, sizeof(value));
    }

    void say(Client& client, Input& bytes)
    {
        switch (bytes.next() % 6) {
        case 0:
            (void)client.session.call<protocol::Grab>({bytes.next() % 3, 0});
            break;
        case 1:
            (void)client.session.call<protocol::SetLeds>({bytes.next(), bytes.next()});
            break;
        case 2:
            (void)client.session.call<protocol::SetRepeat>({bytes.next(), bytes.next()});
            break;
        case 3:
            (void)client.session.call<protocol::Detach>({});
            break;
        case 4:
            (void)client.session.call<protocol::Subscribe>({bytes.word(), 0});
            break;
        default:
            (void)client.session.call<protocol::State>();
            break;
        }
    }

    void act(Input& bytes)
    {
        const u32 what = bytes.next() % 10;
        if (what < 3)
            return send(bytes);
        if (what == 3 || clients.empty()) {
            if (clients.size() < 4)
                clients.emplace_back(rig);
            return;
        }
        Client& client = clients[bytes.next() % clients.size()];
        switch (what) {
        case 4:
            return client.attach(bytes.next() % 4 == 0 ? bytes.word() : 128U << bytes.next() % 3,
                                 1 + bytes.next() % 4, bytes.next() % 8 != 0);
        case 5:
            return scribble(client, bytes);
        case 6:
            return say(client, bytes);
        case 7:
            return client.ring_server();
        case 8:
            clients.erase(clients.begin() + (&client - clients.data()));
            return;
        default:
            sys::host_counter += u64{bytes.next()} << 16;
            return lie(bytes);
        }
    }

    void lie(Input& bytes)
    {
        using enum model::Lie;
        constexpr std::array lies{id_out_of_range, used_twice,    length_short,      index_jumps,
                                  event_short,     event_unknown, event_without_syn, needs_reset};
        rig.world.lies.arm(lies[bytes.next() % lies.size()], bytes.word(), bytes.next() % 3,
                           bytes.next() % 4);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size)
{
    Input bytes{data, size};
    World world;
    {
        Honest honest{world.rig};
        while (!bytes.empty() && !world.given_up) {
            world.act(bytes);
            world.settle();
            honest.read();
            world.settle();
            honest.read();
            honest.compare();
        }
    }
    world.clients.clear();
    world.settle();
    InputRig::must(world.rig.at_rest());
    // A device that lies finds the driver's answers wrong.
    InputRig::must(world.rig.world.lies.told() != 0 || world.rig.world.complaints.empty());
    return 0;
}
