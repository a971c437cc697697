package main

import (
	"fmt"
	"log"
	"os/exec"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	netlisters "k8s.io/client-go/listers/networking/v1"
)

const rootChain = "NODE-POLICY"

// firewall turns the policies into one iptables chain that every forwarded packet passes first, and
// replaces it as a whole. Pods hang on routed links, so all their traffic is forwarded, except what
// comes from their own node (the kubelet's probes), which the API wants allowed anyhow. A Service's
// address has been translated by then. IPv4 only; SCTP is passed through to iptables untested.
type firewall struct {
	node       string
	pods       corelisters.PodLister
	namespaces corelisters.NamespaceLister
	policies   netlisters.NetworkPolicyLister
	changed    <-chan struct{}
	inForce    string // to log changes only
}

func newFirewall(node string, factory informers.SharedInformerFactory) *firewall {
	pods, namespaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	return &firewall{
		node: node, pods: pods.Lister(), namespaces: namespaces.Lister(), policies: policies.Lister(),
		changed: signalOn(pods.Informer(), namespaces.Informer(), policies.Informer()),
	}
}

func (f *firewall) reconcile() {
	wanted := f.render()
	if err := replaceChain(wanted); err != nil {
		log.Print(err)
		return
	}
	if wanted != f.inForce {
		log.Printf("%d lines in force", strings.Count(wanted, "\n"))
		f.inForce = wanted
	}
}

// replaceChain swaps all rules in one transaction. kube-proxy puts itself first when it starts, and
// accepts what it has marked; so the jump to us is looked after each time.
func replaceChain(rules string) error {
	restore := exec.Command("iptables-restore", "-w", "--noflush")
	restore.Stdin = strings.NewReader(rules)
	if out, err := restore.CombinedOutput(); err != nil {
		return fmt.Errorf("iptables-restore: %w: %s", err, out)
	}
	jump := []string{"FORWARD", "-j", rootChain}
	if first, _ := exec.Command("iptables", "-w", "-S", "FORWARD", "1").Output(); strings.TrimSpace(string(first)) == "-A "+strings.Join(jump, " ") {
		return nil
	}
	_ = exec.Command("iptables", append([]string{"-w", "-D"}, jump...)...).Run() // fails when it was nowhere
	return exec.Command("iptables", "-w", "-I", "FORWARD", "1", "-j", rootChain).Run()
}

// render writes the table: from the root chain a jump for each isolated direction of each pod here,
// to a chain that returns what some policy allows and rejects the rest.
func (f *firewall) render() string {
	policies, _ := f.policies.List(labels.Everything())
	slices.SortFunc(policies, func(a, b *netv1.NetworkPolicy) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	pods, _ := f.pods.List(labels.Everything())
	pods = slices.DeleteFunc(slices.Clone(pods), func(pod *corev1.Pod) bool { return !hasAddress(pod) })
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(string(a.UID), string(b.UID)) })

	declared, jumps, chains := []string{":" + rootChain + " - [0:0]"}, []string{}, []string{}
	for _, pod := range pods {
		if pod.Spec.NodeName != f.node {
			continue
		}
		for _, direction := range []netv1.PolicyType{netv1.PolicyTypeIngress, netv1.PolicyTypeEgress} {
			matches, isolated := f.allowed(pod, direction, policies, pods)
			if !isolated {
				continue
			}
			chain := fmt.Sprintf("%s-%d", rootChain, len(declared))
			declared = append(declared, ":"+chain+" - [0:0]")
			own := map[netv1.PolicyType]string{netv1.PolicyTypeIngress: "-d", netv1.PolicyTypeEgress: "-s"}[direction]
			jumps = append(jumps, fmt.Sprintf(`-A %s %s %s/32 -m comment --comment "%s %s/%s" -j %s`, rootChain, own, pod.Status.PodIP, direction, pod.Namespace, pod.Name, chain))
			for _, match := range matches {
				chains = append(chains, fmt.Sprintf("-A %s %s -j RETURN", chain, match))
			}
			chains = append(chains, "-A "+chain+" -j REJECT --reject-with icmp-admin-prohibited")
		}
	}
	answers := "-A " + rootChain + " -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"
	return strings.Join(slices.Concat([]string{"*filter"}, declared, []string{answers}, jumps, chains, []string{"COMMIT", ""}), "\n")
}

// allowed returns what the policies let through for one direction of a pod, as iptables matches, and
// whether any policy isolates it at all.
func (f *firewall) allowed(pod *corev1.Pod, direction netv1.PolicyType, policies []*netv1.NetworkPolicy, pods []*corev1.Pod) (matches []string, isolated bool) {
	for _, policy := range policies {
		if policy.Namespace != pod.Namespace || !slices.Contains(policy.Spec.PolicyTypes, direction) || !selects(&policy.Spec.PodSelector, pod.Labels) {
			continue
		}
		isolated = true
		if direction == netv1.PolicyTypeIngress {
			for _, rule := range policy.Spec.Ingress {
				matches = append(matches, cross(f.ends(policy.Namespace, "src", rule.From, pods), rule.Ports, pod)...)
			}
			continue
		}
		for _, rule := range policy.Spec.Egress {
			matches = append(matches, cross(f.ends(policy.Namespace, "dst", rule.To, pods), rule.Ports, nil)...)
		}
	}
	return matches, isolated
}

// end is the other end of a connection: an address match, and the pod that has the address, if any.
type end struct {
	match string
	pod   *corev1.Pod
}

// ends lists whom the peers of a rule mean; no peers mean everybody.
func (f *firewall) ends(namespace, side string, peers []netv1.NetworkPolicyPeer, pods []*corev1.Pod) []end {
	flag := map[string]string{"src": "-s", "dst": "-d"}[side]
	one := func(pod *corev1.Pod) end { return end{fmt.Sprintf("%s %s/32", flag, pod.Status.PodIP), pod} }
	var out []end
	if len(peers) == 0 {
		for _, pod := range pods { // each by itself too: a named port is another number on each
			out = append(out, one(pod))
		}
		return append(out, end{})
	}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			if match, ok := blockMatch(flag, side, peer.IPBlock); ok {
				out = append(out, end{match, nil})
			}
			continue
		}
		for _, pod := range pods {
			if f.isPeer(namespace, &peer, pod) {
				out = append(out, one(pod))
			}
		}
	}
	return out
}

func (f *firewall) isPeer(namespace string, peer *netv1.NetworkPolicyPeer, pod *corev1.Pod) bool {
	if peer.PodSelector != nil && !selects(peer.PodSelector, pod.Labels) {
		return false
	}
	if peer.NamespaceSelector == nil {
		return pod.Namespace == namespace
	}
	its, err := f.namespaces.Get(pod.Namespace)
	return err == nil && selects(peer.NamespaceSelector, its.Labels)
}

// cross combines every end with every port. A named port is looked up on the pod that receives:
// `receiver`, or each end if that is nil.
func cross(ends []end, ports []netv1.NetworkPolicyPort, receiver *corev1.Pod) []string {
	var out []string
	for _, other := range ends {
		if len(ports) == 0 {
			out = append(out, other.match)
		}
		for _, port := range ports {
			target := receiver
			if target == nil {
				target = other.pod
			}
			if match, ok := portMatch(port, target); ok {
				out = append(out, strings.TrimSpace(other.match+" "+match))
			}
		}
	}
	return slices.Compact(out)
}

func selects(selector *metav1.LabelSelector, set map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(set))
}

// hasAddress tells whether a pod can be addressed on the pod network.
func hasAddress(pod *corev1.Pod) bool {
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	return !pod.Spec.HostNetwork && pod.Status.PodIP != "" && !ended
}
