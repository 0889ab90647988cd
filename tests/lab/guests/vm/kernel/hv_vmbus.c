// Copyright: (c) 2026, hyperv.integration contributors
// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * A VMBus without a hypervisor.
 *
 * It takes the place of the kernel's hv_vmbus, whose hypercalls nothing answers here. To user space it looks the same:
 * names, attributes and uevents are those of drivers/hv/vmbus_drv.c and Documentation/ABI/stable/sysfs-bus-vmbus. What
 * the host offers is written to /dev/fakehost/vmbus, one line each: "offer CLASS INSTANCE" or "rescind INSTANCE".
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fake_vmbus.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define DRIVER_TO_MATCH const struct device_driver
#else
#define DRIVER_TO_MATCH struct device_driver
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define DEVICE_OF_UEVENT const struct device
#else
#define DEVICE_OF_UEVENT struct device
#endif

static DEFINE_MUTEX(offers);
static struct device *root;
static unsigned int offered; /* so far: relative identifiers of channels are never used twice here */

static const struct hv_vmbus_device_id *find(const struct hv_vmbus_device_id *table, const guid_t *class)
{
	for (; !guid_is_null(&table->guid); table++)
		if (guid_equal(&table->guid, class))
			return table;
	return NULL;
}

static int vmbus_match(struct device *device, DRIVER_TO_MATCH *driver)
{
	return find(to_fake_driver(driver)->table, &to_fake_device(device)->class) != NULL;
}

static int vmbus_uevent(DEVICE_OF_UEVENT *device, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "MODALIAS=vmbus:%*phN", UUID_SIZE, &to_fake_device(device)->class);
}

static int vmbus_probe(struct device *device)
{
	struct fake_driver *driver = to_fake_driver(device->driver);
	struct fake_device *fake = to_fake_device(device);

	fake->driver_data = find(driver->table, &fake->class)->driver_data;
	return driver->probe(fake);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 15, 0)
static void vmbus_remove(struct device *device)
{
	to_fake_driver(device->driver)->remove(to_fake_device(device));
}
#else
static int vmbus_remove(struct device *device)
{
	to_fake_driver(device->driver)->remove(to_fake_device(device));
	return 0;
}
#endif

static ssize_t id_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%u\n", to_fake_device(device)->number);
}
static DEVICE_ATTR_RO(id);

static ssize_t state_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%d\n", CHANNEL_OPENED_STATE);
}
static DEVICE_ATTR_RO(state);

static ssize_t class_id_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "{%pUl}\n", &to_fake_device(device)->class);
}
static DEVICE_ATTR_RO(class_id);

static ssize_t device_id_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "{%pUl}\n", &to_fake_device(device)->instance);
}
static DEVICE_ATTR_RO(device_id);

static ssize_t modalias_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "vmbus:%*phN\n", UUID_SIZE, &to_fake_device(device)->class);
}
static DEVICE_ATTR_RO(modalias);

static struct attribute *vmbus_device_attrs[] = {
	&dev_attr_id.attr,	  &dev_attr_state.attr,	   &dev_attr_class_id.attr,
	&dev_attr_device_id.attr, &dev_attr_modalias.attr, NULL,
};
ATTRIBUTE_GROUPS(vmbus_device);

static struct bus_type vmbus = {
	.name = "vmbus",
	.match = vmbus_match,
	.uevent = vmbus_uevent,
	.probe = vmbus_probe,
	.remove = vmbus_remove,
	.dev_groups = vmbus_device_groups,
};

int fake_vmbus_register_driver(struct fake_driver *driver, struct module *owner)
{
	driver->driver.bus = &vmbus;
	driver->driver.owner = owner;
	return driver_register(&driver->driver);
}
EXPORT_SYMBOL_GPL(fake_vmbus_register_driver);

static void release_device(struct device *device)
{
	kfree(to_fake_device(device));
}

static int offer(const guid_t *class, const guid_t *instance)
{
	struct fake_device *device = kzalloc(sizeof(*device), GFP_KERNEL);
	int error;

	if (!device)
		return -ENOMEM;
	device->class = *class;
	device->instance = *instance;
	device->number = ++offered;
	device->device.bus = &vmbus;
	device->device.parent = root;
	device->device.release = release_device;
	dev_set_name(&device->device, "%pUl", instance);
	error = device_register(&device->device);
	if (error)
		put_device(&device->device);
	return error;
}

/* Offering what is offered already, and taking back what is not, changes nothing. */
static int carry_out(const char *line)
{
	char class_text[UUID_STRING_LEN + 1], instance_text[UUID_STRING_LEN + 1];
	bool offers_it = sscanf(line, "offer %36s %36s", class_text, instance_text) == 2;
	guid_t class, instance;
	struct device *known;

	if (!offers_it && sscanf(line, "rescind %36s", instance_text) != 1)
		return -EINVAL;
	if (guid_parse(instance_text, &instance) || (offers_it && guid_parse(class_text, &class)))
		return -EINVAL;
	known = bus_find_device_by_name(&vmbus, NULL, instance_text);
	if (!known)
		return offers_it ? offer(&class, &instance) : 0;
	if (!offers_it)
		device_unregister(known);
	put_device(known);
	return 0;
}

static ssize_t host_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	char *text = memdup_user_nul(from, min_t(size_t, size, PAGE_SIZE - 1)), *rest = text, *line;
	int error = 0;

	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&offers);
	while (!error && (line = strsep(&rest, "\n")))
		if (*line)
			error = carry_out(line);
	mutex_unlock(&offers);
	kfree(text);
	return error ? error : size;
}

static const struct file_operations host_operations = { .owner = THIS_MODULE, .write = host_write };
static struct miscdevice host = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fakehost-vmbus",
	.nodename = "fakehost/vmbus",
	.fops = &host_operations,
	.mode = 0200,
};

static int __init start(void)
{
	int error;

	root = root_device_register("VMBUS:00");
	if (IS_ERR(root))
		return PTR_ERR(root);
	error = bus_register(&vmbus);
	if (!error) {
		error = misc_register(&host);
		if (error)
			bus_unregister(&vmbus);
	}
	if (error)
		root_device_unregister(root);
	return error;
}
module_init(start);

MODULE_DESCRIPTION("A VMBus without a hypervisor, for tests");
MODULE_LICENSE("GPL");
