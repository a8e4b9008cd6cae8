// common/exchange.hpp - the two rings of a session in which a client asks and a server answers, and
// how much of it is at the device.
//
// Invariant: room in the ring of completions is kept for every request in flight, so that a
// completion always has a place and the server never waits for a client.
#pragma once

#include <base/ring.hpp>

namespace common {

template <RingEntry Request, RingEntry Completion>
class Exchange {
public:
    using Batch = Consumer<Request>::Batch;

    // The memory of both rings as the server sees it. The client may write `client` and `requests`
    // at any time.
    struct Memory {
        const RingSide& client_produced;  // requests
        const RingSide& client_consumed;  // completions
        std::span<const Request> requests;
        RingSide& server_produced;
        RingSide& server_consumed;
        std::span<Completion> completions;
    };

    // Errors: bad_argument (ring sizes).
    static Result<Exchange> over(const Memory& memory)
    {
        auto requests = Consumer<Request>::over(memory.server_consumed, memory.client_produced,
                                                memory.requests);
        auto completions = Producer<Completion>::over(memory.server_produced,
                                                      memory.client_consumed, memory.completions);
        if (!requests || !completions)
            return fail(Errc::bad_argument);
        return Exchange{*requests, *completions};
    }

    u32 in_flight() const { return in_flight_; }

    // Requests that may be taken now as far as the ring of completions goes.
    [[gnu::always_inline]] u32 budget()
    {
        const u32 room = completions_.room();
        return room > in_flight_ ? room - in_flight_ : 0;
    }

    // The next request, a private copy. Ask for a budget first: it cannot be put back.
    // Errors: would_block (none), malformed (the client's index is impossible).
    Result<Request> next() { return requests_.pop(); }

    // Requests that there are, and how to take many; up to where `batch` got they are taken.
    [[gnu::always_inline]] u32 waiting()
    {
        const u32 ready = requests_.ready();
        return ready != 0 ? ready : requests_.available();
    }
    Batch batch() const { return requests_.batch(); }
    void took(const Batch& batch) { requests_.took(batch); }
    // All that waiting() told of were taken.
    bool emptied() const { return requests_.emptied(); }
    // The ring that next() takes from.
    Consumer<Request>& pending() { return requests_; }

    // A ring index that the client cannot have reached honestly.
    bool broken() const { return requests_.broken() || completions_.broken(); }

    // The ring was seen empty. True: the client rings for the next request. False: look again.
    [[gnu::always_inline]] bool sleep() { return requests_.arm(); }

    // There is no budget. True: the client rings when that changes. False: look again. An honest
    // client that is not known to have released its completions is about to submit, and then rings;
    // one that submitted more than it may rings by itself after it released some.
    bool park()
    {
        const u32 waiting = requests_.available();
        const bool full = waiting == requests_.size();
        return !broken() && (full || requests_.arm(waiting + 1)) && budget() == 0;
    }

    // The client sleeps until something of what is at the device was completed.
    bool awaited() const { return in_flight_ != 0 && completions_.awaited(in_flight_); }

    void started(u32 requests = 1) { in_flight_ += requests; }
    void ended(u32 requests = 1) { in_flight_ -= requests; }

    // The rings are not touched any more once it ended.
    bool open() const { return open_; }
    void end() { open_ = false; }

    // The room was kept.
    void complete(const Completion& completion) { completions_.put(completion); }

    // The cursors of that ring, for a loop that writes memory which the compiler can't tell from
    // them; they are given back before anything else is done here.
    Producer<Completion> completions() const { return completions_; }
    void put_back(const Producer<Completion>& completions) { completions_ = completions; }

    // Shows the client what was taken and completed. True: it sleeps and wants its doorbell.
    [[nodiscard]] bool publish()
    {
        requests_.release();
        return completions_.publish();
    }

private:
    Exchange(const Consumer<Request>& requests, const Producer<Completion>& completions)
        : requests_{requests}, completions_{completions}
    {
    }

    Consumer<Request> requests_;
    Producer<Completion> completions_;
    u32 in_flight_ = 0;
    bool open_ = true;
};

}  // namespace common
