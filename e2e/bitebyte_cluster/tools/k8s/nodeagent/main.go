// nodeagent does for one machine of the test cluster what a network plugin and a storage provisioner
// do elsewhere: it enforces NetworkPolicies on the machine's pods and makes volumes of the class
// "local" in a folder of the machine. It runs in the machine's own namespaces, as root.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	settlePause = 50 * time.Millisecond // changes come in bursts: one rewrite for all of them
	repairEvery = 10 * time.Second      // what somebody else broke, or what failed before
)

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	if len(os.Args) != 4 {
		log.Fatal("usage: nodeagent KUBECONFIG NODE VOLUMES-FOLDER")
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	factory := informers.NewSharedInformerFactory(client, 0)
	firewall := newFirewall(os.Args[2], factory)
	volumes := newVolumes(os.Args[2], os.Args[3], client, factory)
	factory.Start(nil)
	factory.WaitForCacheSync(nil)
	go loop(volumes.changed, func() { volumes.reconcile(context.Background()) })
	loop(firewall.changed, firewall.reconcile)
}

// loop calls work once, then after every burst of changes and every repairEvery.
func loop(changed <-chan struct{}, work func()) {
	for {
		work()
		select {
		case <-changed:
			time.Sleep(settlePause)
		case <-time.After(repairEvery):
		}
	}
}

// signalOn makes every event of the informers fill the returned channel, which holds one token.
func signalOn(sources ...cache.SharedIndexInformer) <-chan struct{} {
	changed := make(chan struct{}, 1)
	mark := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	for _, source := range sources {
		_, err := source.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { mark() },
			UpdateFunc: func(any, any) { mark() },
			DeleteFunc: func(any) { mark() },
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	return changed
}
