// tests/rejects/virtio_number_as_features.cpp - bit 5 is not mask 5.
#include <virtio/features.hpp>

virtio::Features wrong();

virtio::Features wrong() { return 5; }
