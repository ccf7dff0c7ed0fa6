"""Typical provisioning minutes per resource type.

The figures are what operators see on an ordinary day when the cloud creates one such resource: experience, rounded,
neither measured here nor promised by a provider. They rank chains and show where a deploy waits; a figure that is off
by half still does that. A type without an entry takes about as long as the API call that creates it.
"""

from collections.abc import Mapping

from sandbox.graph import Resource

API_CALL = 0.1
"""Minutes for a resource that exists as soon as its create call and the first read return."""

MINUTES: Mapping[str, float] = {
    # Databases and caches
    "aws:rds/instance:Instance": 15,
    "aws:rds/cluster:Cluster": 5,
    "aws:rds/clusterInstance:ClusterInstance": 10,
    "aws:rds/globalCluster:GlobalCluster": 2,
    "aws:rds/proxy:Proxy": 6,
    "aws:elasticache/replicationGroup:ReplicationGroup": 10,
    "aws:elasticache/cluster:Cluster": 8,
    "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": 10,
    "aws:elasticache/serverlessCache:ServerlessCache": 3,
    "aws:opensearch/domain:Domain": 20,
    "aws:msk/cluster:Cluster": 30,
    "aws:mq/broker:Broker": 15,
    "aws:redshift/cluster:Cluster": 8,
    "aws:dms/replicationInstance:ReplicationInstance": 8,
    "aws:dynamodb/table:Table": 0.5,
    "aws:efs/mountTarget:MountTarget": 1.5,
    "gcp:sql/databaseInstance:DatabaseInstance": 12,
    "gcp:redis/instance:Instance": 8,
    "gcp:redis/cluster:Cluster": 10,
    "gcp:memorystore/instance:Instance": 10,
    "gcp:alloydb/cluster:Cluster": 8,
    "gcp:alloydb/instance:Instance": 12,
    "gcp:databasemigrationservice/connectionProfile:ConnectionProfile": 2,
    # Clusters and machines
    "aws:eks/cluster:Cluster": 12,
    "aws:eks/nodeGroup:NodeGroup": 4,
    "aws:eks/addon:Addon": 1,
    "aws:eks/fargateProfile:FargateProfile": 2,
    "aws:ecs/service:Service": 3,
    "aws:ecs/capacityProvider:CapacityProvider": 0.5,
    "aws:autoscaling/group:Group": 2,
    "aws:ec2/instance:Instance": 1,
    "aws:lambda/function:Function": 0.5,
    "gcp:container/cluster:Cluster": 8,
    "gcp:container/nodePool:NodePool": 3,
    "gcp:compute/instance:Instance": 0.5,
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": 1,
    "gcp:cloudrunv2/service:Service": 0.5,
    "gcp:cloudrunv2/job:Job": 0.3,
    "gcp:cloudfunctionsv2/function:Function": 2,
    # Network
    "aws:ec2/natGateway:NatGateway": 2,
    "aws:ec2/vpcEndpoint:VpcEndpoint": 2,
    "aws:ec2/vpnConnection:VpnConnection": 5,
    "aws:ec2transitgateway/transitGateway:TransitGateway": 3,
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": 2,
    "aws:ec2transitgateway/peeringAttachment:PeeringAttachment": 2,
    "aws:ec2transitgateway/route:Route": 0.3,
    "aws:ec2transitgateway/routeTable:RouteTable": 1,
    "aws:ec2clientvpn/endpoint:Endpoint": 0.2,
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation": 8,
    "aws:ec2clientvpn/authorizationRule:AuthorizationRule": 1,
    "aws:ec2clientvpn/route:Route": 1,
    "aws:directconnect/connection:Connection": 2,
    "aws:directconnect/gateway:Gateway": 1,
    "aws:directconnect/gatewayAssociation:GatewayAssociation": 10,
    "aws:directconnect/transitVirtualInterface:TransitVirtualInterface": 5,
    "aws:route53/resolverEndpoint:ResolverEndpoint": 3,
    "aws:route53/resolverRuleAssociation:ResolverRuleAssociation": 1,
    "aws:route53/zone:Zone": 1,
    "aws:route53/record:Record": 0.7,
    "aws:networkfirewall/firewall:Firewall": 8,
    "aws:apigateway/vpcLink:VpcLink": 5,
    "gcp:compute/network:Network": 0.5,
    "gcp:compute/subnetwork:Subnetwork": 0.5,
    "gcp:compute/routerNat:RouterNat": 0.3,
    "gcp:compute/haVpnGateway:HaVpnGateway": 0.3,
    "gcp:compute/vPNTunnel:VPNTunnel": 0.3,
    "gcp:compute/routerPeer:RouterPeer": 0.3,
    "gcp:compute/interconnectAttachment:InterconnectAttachment": 2,
    "gcp:compute/globalAddress:GlobalAddress": 0.3,
    "gcp:servicenetworking/connection:Connection": 2,
    "gcp:projects/service:Service": 0.5,
    "gcp:vpcaccess/connector:Connector": 3,
    # Edge
    "aws:acm/certificateValidation:CertificateValidation": 5,
    "aws:cloudfront/distribution:Distribution": 5,
    "aws:cloudfront/vpcOrigin:VpcOrigin": 6,
    "aws:lb/loadBalancer:LoadBalancer": 3,
    "aws:globalaccelerator/accelerator:Accelerator": 1,
    "aws:wafv2/webAcl:WebAcl": 0.3,
    "gcp:compute/backendService:BackendService": 0.5,
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": 0.5,
    "gcp:compute/forwardingRule:ForwardingRule": 0.5,
    "gcp:compute/uRLMap:URLMap": 0.3,
    "gcp:certificatemanager/certificate:Certificate": 5,
    "gcp:compute/managedSslCertificate:ManagedSslCertificate": 0.3,
    # Roots of trust, registries, storage
    "aws:kms/key:Key": 0.3,
    "aws:kms/replicaKey:ReplicaKey": 0.5,
    "aws:iam/role:Role": 0.2,
    "aws:iam/instanceProfile:InstanceProfile": 0.2,
    "aws:secretsmanager/secretRotation:SecretRotation": 0.2,
    "gcp:artifactregistry/repository:Repository": 0.3,
    "gcp:serviceaccount/account:Account": 0.2,
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": 0.3,
    # What Kubernetes has to start
    "kubernetes:apps/v1:Deployment": 1,
    "kubernetes:apps/v1:StatefulSet": 2,
    "kubernetes:apps/v1:DaemonSet": 1,
    "kubernetes:batch/v1:Job": 1,
    "kubernetes:helm.sh/v3:Release": 3,
}


def minutes(resource: Resource) -> float:
    """Typical minutes until the resource exists; none for components and providers, which no cloud creates."""
    if not resource.custom or resource.type.startswith("pulumi:"):
        return 0.0
    return MINUTES.get(resource.type, API_CALL)
