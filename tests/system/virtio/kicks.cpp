// kicks.cpp - batches of requests to a disk, each with one notification, until as many were sent as
// the argument says. One that the device or the driver misses is a request that never comes back.
#include <check/check.hpp>
#include <common/virtio_platform.hpp>
#include <virtio/blk.hpp>

namespace {

using Bus = common::DeviceBus;
using check::need;
using check::that;

constexpr unsigned interrupt_bit = 0;
constexpr virtio::blk::Options options{.queue_size = 64, .slots = 16};
using Driver = virtio::blk::Driver<Bus>;

class Disk {
public:
    Disk() { check::works(driver_.start(device_, memory_, options)); }
    ~Disk() { check::works(device_.reset()); }
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    u64 kicks() const { return kicks_; }
    u64 requests() const { return tag_; }
    u64 interrupts() const { return interrupts_; }
    bool room() const { return driver_.room(); }
    u64 in_flight() const { return driver_.in_flight(); }
    bool event_idx() const { return device_.accepted(virtio::Feature::event_idx); }

    void read(u64 sector)
    {
        const virtio::blk::Run run{data_.region().address, virtio::blk::sector_bytes};
        check::works(driver_.read(tag_++, virtio::blk::Sector{sector}, run));
    }
    void kick() { kicks_ += driver_.kick() ? 1 : 0; }

    // Until at most so many are in flight. False: there was no interrupt for those that are.
    bool settle(u64 most)
    {
        for (;;) {
            while (const auto done = driver_.take())
                if (!that(*done && (*done)->outcome == virtio::blk::Outcome::ok, "a read failed"))
                    return false;
            if (in_flight() <= most)
                return true;
            if (driver_.arm())
                continue;
            if (!that(platform_.wait(check::patience()).has_value(), "a wake-up was lost"))
                return false;
            ++interrupts_;
            (void)device_.acknowledge();
        }
    }

private:
    common::DevicePlatform platform_ =
        need(common::DevicePlatform::open(check::given(), interrupt_bit));
    virtio::Device<Bus> device_ = need(virtio::Device<Bus>::probe(platform_.bus));
    common::DriverMemory memory_ =
        need(common::DriverMemory::create(platform_.device, Driver::memory_bytes(options)));
    common::DriverMemory data_ =
        need(common::DriverMemory::create(platform_.device, Bytes{page_bytes}));
    Driver driver_;
    u64 tag_ = 0;
    u64 kicks_ = 0;
    u64 interrupts_ = 0;
};

// For up to some microseconds: so that the device finishes before, while and after its driver
// looks.
void dawdle(check::Random& random)
{
    for (u64 n = random.below(4096); n != 0; --n)
        asm volatile("");
}

void no_kick_is_lost()
{
    const u64 wanted = need(text::parse_number(check::given().argument(0)));
    Disk disk;
    check::Random random{1};
    while (disk.kicks() < wanted) {
        const u64 before = disk.kicks();
        const bool idle = disk.in_flight() == 0;
        for (u64 n = 1 + random.below(4); n != 0 && disk.room(); --n)
            disk.read(random.below(2048));
        disk.kick();
        // A device that has nothing sleeps: it must be told.
        if (!that(!idle || disk.kicks() == before + 1, "an idle device was not notified"))
            break;
        dawdle(random);
        // Now and then the next batch comes while the device works on this one.
        if (!disk.settle(random.below(4) == 0 ? 3 : 0))
            break;
    }
    that(disk.settle(0), "the rest did not come back");
    that(disk.requests() > 65'536, "the ring's index did not wrap");
    text::Buffer<120> line;
    line.put("kicks=").number(disk.kicks()).put(" requests=").number(disk.requests());
    line.put(" interrupts=").number(disk.interrupts());
    line.put(" event_idx=").number(disk.event_idx() ? 1 : 0);
    sys::out(line.view());
}

constexpr check::Case cases[] = {
    {"no kick and no interrupt is lost across the wrap", no_kick_is_lost, check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
