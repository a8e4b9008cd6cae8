// model/queue.hpp - a virtqueue as its device sees it, whatever its layout: chains come out of it
// and go back. Checks all that the driver must keep to, and lies about chains it returns when told
// to.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <model/world.hpp>

namespace model {

struct Piece {
    u64 address;
    u32 length;
    bool writable;
};

struct Chain {
    u16 head = 0;         // how the driver calls it: its first descriptor, or its buffer id
    u16 second = 0;       // split: descriptor after the head, if there is one
    u16 slots = 1;        // descriptors of the ring that it takes
    u64 table = 0;        // where its indirect table is, 0: it has none
    u32 table_bytes = 0;  // of the indirect table
    std::vector<Piece> pieces;

    u64 readable() const { return sum(false); }
    u64 writable() const { return sum(true); }

private:
    u64 sum(bool writable) const;
};

class Queue {
public:
    struct Setup {
        u16 size = 0;
        u64 desc = 0;
        u64 driver = 0;
        u64 device = 0;
        bool event_idx = false;
        bool indirect = false;
    };

    explicit Queue(World& world, u16 index = 0) : world_{&world}, index_{index} {}
    virtual ~Queue() = default;

    void start(Setup setup);
    void stop();
    bool running() const { return running_; }
    u16 size() const { return setup_.size; }
    const Setup& setup() const { return setup_; }

    // The next available chain. When there is none, the driver is asked to notify. A chain that
    // breaks the rules is a complaint, and the queue is broken().
    std::optional<Chain> pop();
    bool broken() const { return broken_; }

    // Returns a chain of which so many bytes were written.
    void push(const Chain& chain, u32 written);
    // True: the chains returned since the last call deserve an interrupt.
    bool interrupt_due();
    // Returns the chains that Lie::answers_nothing kept, oldest first.
    void answer_withheld();

    // Asks for no notifications from now on.
    void look_by_itself(bool really);

    // Used elements to be written as one likes: publish() shows those written. `idx` is what a
    // split ring says; a packed one has no such number.
    void write_used(u32 id, u32 len) { put(id, len, 1); }
    virtual void publish(u16 idx) = 0;
    virtual u16 used_idx() const = 0;
    u16 chains_held() const { return static_cast<u16>(held_.size()); }

    // Changes bytes of chains that were returned under Lie::payload_changes; registers do so at
    // each access.
    void meddle();
    // Inverts what is writable in a chain, also while the driver reads it.
    static void flip(const Memory& memory, const Chain& chain);

protected:
    struct Descriptor {
        u64 addr;
        u32 len;
        u16 middle;  // split: flags; packed: id
        u16 last;    // split: next; packed: flags
    };
    static constexpr u16 flag_next = 1;
    static constexpr u16 flag_write = 2;
    static constexpr u16 flag_indirect = 4;

    virtual void set_up() = 0;             // looks at the setup; running_ says what came of it
    virtual bool ready() = 0;              // a chain is there
    virtual bool next(Chain& chain) = 0;   // takes it; false: a complaint
    virtual void wish_notification() = 0;  // as by_itself_ says
    virtual bool interrupt_wanted() = 0;   // for what was used since it was last asked
    virtual void put(u32 id, u32 len, u16 slots) = 0;  // fills the next used element, unseen
    virtual void skip() = 0;                           // counts an element that nobody wrote
    virtual void jump(u16 further) = 0;                // publishes elements that nobody wrote, too
    virtual void go_back() = 0;                 // publishes the last element in a wrong place
    virtual void scribble() = 0;                // over all that the driver wrote
    virtual void loop(const Chain& chain) = 0;  // what links the chain leads back to its head

    bool complain(const char* what);
    std::optional<u64> tell(Lie lie) { return world_->lies.tell(lie, index_); }
    bool holds(u16 head) const { return held_.contains(head); }
    bool add_piece(u64 address, u32 length, bool writable, Chain& chain);
    // The table that an indirect descriptor names: its address and bytes, checked.
    bool open_table(u64 address, u32 bytes, Chain& chain);
    Descriptor read(u64 address) const;
    u16* word(u64 base, u64 index) const;

    World* world_;
    Setup setup_{};
    bool running_ = false;
    bool by_itself_ = false;

private:
    struct Answer {
        Chain chain;
        u32 written;
    };

    struct Meddled {
        Chain chain;
        u64 times;
    };

    void complete(const Chain& chain, u32 written);
    void spoil(const Chain& chain);
    u32 told_id(const Chain& chain);
    u32 told_length(const Chain& chain, u32 written);
    u16 not_given() const;

    u16 index_;
    bool broken_ = false;
    std::map<u16, u64> held_;       // heads the device has, and their bytes in all
    std::vector<Answer> withheld_;  // by Lie::answers_nothing
    std::optional<Answer> later_;   // by Lie::out_of_order
    std::vector<Meddled> meddled_;  // by Lie::payload_changes
    std::optional<u16> stale_;      // by Lie::used_after_reset
};

}  // namespace model
