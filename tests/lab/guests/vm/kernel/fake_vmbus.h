/* Copyright: (c) 2026, hyperv.integration contributors
 * SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
 * What the two modules share: a device that the fake host offers, and a driver for such devices. */
#ifndef FAKE_VMBUS_H
#define FAKE_VMBUS_H

#include <linux/device.h>
#include <linux/hyperv.h> /* for the GUIDs only */
#include <linux/mod_devicetable.h>
#include <linux/version.h>

struct fake_device {
	struct device device;
	guid_t class, instance;
	unsigned int number;
	kernel_ulong_t driver_data; /* of the entry in the driver's table */
};

struct fake_driver {
	struct device_driver driver;
	const struct hv_vmbus_device_id *table;
	int (*probe)(struct fake_device *device);
	void (*remove)(struct fake_device *device);
};

#define to_fake_device(pointer) container_of(pointer, struct fake_device, device)
#define to_fake_driver(pointer) container_of(pointer, struct fake_driver, driver)

int fake_vmbus_register_driver(struct fake_driver *driver, struct module *owner);

#endif
