// tests/rejects/virtio_position_as_index.cpp - where a ring stands is no descriptor.
#include <virtio/ring.hpp>

bool wrong(const virtio::Ring<8>& ring, virtio::RingPosition position);

bool wrong(const virtio::Ring<8>& ring, virtio::RingPosition position)
{
    return ring.outstanding(position);
}
