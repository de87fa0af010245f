package source

import "strings"

// machines are the types of resources that are machines to log in to, each with
// the attributes that may hold its address, best first.
func machines() map[string][]string {
	common := []string{"public_ip", "private_ip"}
	return map[string][]string{
		"alicloud_instance":                    common,
		"aws_instance":                         common,
		"aws_lightsail_instance":               {"public_ip_address", "private_ip_address"},
		"aws_spot_instance_request":            common,
		"azurerm_linux_virtual_machine":        {"public_ip_address", "private_ip_address"},
		"digitalocean_droplet":                 {"ipv4_address", "ipv4_address_private", "ipv6_address"},
		"equinix_metal_device":                 {"access_public_ipv4", "access_private_ipv4"},
		"exoscale_compute_instance":            {"public_ip_address", "ipv6_address"},
		"google_compute_instance":              {"network_interface.0.access_config.0.nat_ip", "network_interface.0.network_ip"},
		"hcloud_server":                        {"ipv4_address", "ipv6_address", "network.0.ip"},
		"ibm_is_instance":                      {"primary_network_interface.0.primary_ip.0.address", "primary_network_interface.0.primary_ipv4_address"},
		"libvirt_domain":                       {"network_interface.0.addresses.0"},
		"linode_instance":                      {"ip_address", "private_ip_address"},
		"lxd_instance":                         {"ipv4_address", "ipv6_address"},
		"oci_core_instance":                    common,
		"openstack_compute_instance_v2":        {"access_ip_v4", "network.0.fixed_ip_v4", "access_ip_v6"},
		"proxmox_virtual_environment_vm":       {"ipv4_addresses.1.0"}, // 0 is the loopback interface
		"proxmox_vm_qemu":                      {"default_ipv4_address", "ssh_host"},
		"scaleway_instance_server":             {"public_ip", "public_ips.0.address", "private_ip", "private_ips.0.address"},
		"tencentcloud_instance":                common,
		"upcloud_server":                       {"network_interface.0.ip_address"},
		"vsphere_virtual_machine":              {"default_ip_address", "guest_ip_addresses.0"},
		"vultr_instance":                       {"main_ip", "v6_main_ip"},
		"yandex_compute_instance":              {"network_interface.0.nat_ip_address", "network_interface.0.ip_address"},
		"opentelekomcloud_compute_instance_v2": {"access_ip_v4", "network.0.fixed_ip_v4"},
	}
}

// addressPaths are where other types may have an address.
func addressPaths() []string {
	return []string{
		"public_ip", "public_ip_address", "ipv4_address", "access_ip_v4", "default_ip_address",
		"ip_address", "private_ip", "private_ip_address",
	}
}

// namePaths are where the name of a machine may stand, best first.
func namePaths() []string {
	return []string{"tags.Name", "name", "hostname", "label", "display_name", "instance_name"}
}

// labelPaths are where labels may stand. Where two say the same thing the first
// wins; tags_all and effective_labels have the provider's defaults too.
func labelPaths() []string {
	return []string{"tags_all", "tags", "effective_labels", "labels", "freeform_tags", "metadata"}
}

// confidential reports whether an attribute of that name may hold a secret. Some
// providers, and old states, do not say which do.
func confidential(name string) bool {
	for _, part := range []string{"pass", "secret", "token", "private_key", "user_data", "custom_data", "key_data", "credential"} {
		if strings.Contains(strings.ToLower(name), part) {
			return true
		}
	}
	return false
}
