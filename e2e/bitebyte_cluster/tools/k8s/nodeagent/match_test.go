package main

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestAnExceptionIsANegatedRange(t *testing.T) {
	match, ok := blockMatch("-s", "src", &netv1.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16", "10.9.9.9/32"}})
	want := "-s 10.0.0.0/8 -m iprange ! --src-range 10.1.0.0-10.1.255.255 -m iprange ! --src-range 10.9.9.9-10.9.9.9"
	if !ok || match != want {
		t.Errorf("got %q", match)
	}
}

func TestANamedPortIsThatOfTheReceiver(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}}}}}
	name := intstr.FromString("http")
	if match, ok := portMatch(netv1.NetworkPolicyPort{Port: &name}, pod); !ok || match != "-p tcp --dport 8080" {
		t.Errorf("got %q", match)
	}
	if _, ok := portMatch(netv1.NetworkPolicyPort{Port: &name}, nil); ok {
		t.Error("a named port of nobody is no port")
	}
}

func TestARangeOfPorts(t *testing.T) {
	first, last := intstr.FromInt32(80), int32(90)
	if match, _ := portMatch(netv1.NetworkPolicyPort{Port: &first, EndPort: &last}, nil); match != "-p tcp --dport 80:90" {
		t.Errorf("got %q", match)
	}
}
