package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// blockMatch matches an address block without its exceptions. A rule takes one address, so that the
// exceptions are negated ranges. IPv6 blocks are no match.
func blockMatch(flag, side string, block *netv1.IPBlock) (string, bool) {
	prefix, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !prefix.Addr().Is4() {
		return "", false
	}
	match := flag + " " + block.CIDR
	for _, exception := range block.Except {
		if first, last, ok := addressRange(exception); ok {
			match += fmt.Sprintf(" -m iprange ! --%s-range %s-%s", side, first, last)
		}
	}
	return match, true
}

// addressRange is the first and the last address of an IPv4 block.
func addressRange(block string) (first, last netip.Addr, ok bool) {
	prefix, err := netip.ParsePrefix(block)
	if err != nil || !prefix.Addr().Is4() {
		return first, last, false
	}
	first = prefix.Masked().Addr()
	low := first.As4()
	var high [4]byte
	hostBits := uint32(1)<<(32-prefix.Bits()) - 1
	binary.BigEndian.PutUint32(high[:], binary.BigEndian.Uint32(low[:])|hostBits)
	return first, netip.AddrFrom4(high), true
}

// portMatch matches a port, a range of ports, or a port that is named by the receiving pod.
func portMatch(port netv1.NetworkPolicyPort, receiver *corev1.Pod) (string, bool) {
	protocol := corev1.ProtocolTCP
	if port.Protocol != nil {
		protocol = *port.Protocol
	}
	match := "-p " + strings.ToLower(string(protocol))
	if port.Port == nil {
		return match, true
	}
	if port.Port.Type == intstr.Int {
		match = fmt.Sprintf("%s --dport %d", match, port.Port.IntVal)
		if port.EndPort != nil {
			match = fmt.Sprintf("%s:%d", match, *port.EndPort)
		}
		return match, true
	}
	if receiver == nil {
		return "", false
	}
	for _, container := range slices.Concat(receiver.Spec.InitContainers, receiver.Spec.Containers) {
		for _, its := range container.Ports {
			sameProtocol := its.Protocol == protocol || its.Protocol == "" && protocol == corev1.ProtocolTCP
			if its.Name == port.Port.StrVal && sameProtocol {
				return fmt.Sprintf("%s --dport %d", match, its.ContainerPort), true
			}
		}
	}
	return "", false
}
