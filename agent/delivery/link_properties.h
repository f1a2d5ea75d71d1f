// The properties of MQTT 5 packets, in Paho's form. The caller frees them with MQTTProperties_free.
#pragma once

#include "delivery/link.h"

#include <MQTTProperties.h>

MQTTProperties link_properties_connect(bool takes_pictures);
MQTTProperties link_properties_message(const struct link_message *message);

// The size of the packet that carries the message.
uint64_t link_properties_packet_size(const struct link_message *message, bool is_v5);
